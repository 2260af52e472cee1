import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../tracker/src/recorded-run.test-util.ts';
import { labelCounts, labelLine } from './label-counts.ts';

test('the end of a run says how many labels were reworded, and why the others were not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-labels-'));
  const tracker = openTracker(dir);
  try {
    const trial = { row: 'all', seed: 0 };
    const run = (metrics: Record<string, number>, key: string) =>
      recordRun(tracker, {
        resolved: { table: { id: 't', title: 'T', metrics: [], footnotes: [] }, rows: [{ row: 'all', set: {} }] },
        trials: [trial],
        stages: [{ kind: 'augment', key, trials: [trial], metrics }],
      });
    const counts = { paraphrased: 0, changed: 330, unanswered: 4, unpaid: 3, usd: 0.004 };
    const worded = run(Object.fromEntries(Object.entries(counts).map(([name, n]) => [`labels/${name}`, n])), 'a');
    expect(labelCounts(tracker, worded)).toEqual({ asked: 337, ...counts });
    expect(labelLine(labelCounts(tracker, worded)!)).toBe(
      'Labels: 0 of 337 sentences reworded; the others kept their template: 330 answered with another meaning, 4 not answered, 3 beyond openai.maxUsd ($0.0040).',
    );
    expect(labelCounts(tracker, run({ 'augment/photos': 3 }, 'b'))).toBeNull();
  } finally {
    tracker.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
