import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import type { LentToReport, ReportPicture } from '../api/report.ts';
import { renderReport, reportHead } from './render-report.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-render-'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const resolved = { table: { id: 't', title: 'T', metrics: ['PLCC'], footnotes: [] }, rows: [], config: {} };
const lent: LentToReport = {
  ...{ version: '0', tables: [], damaged: [], photographs: null, suggestions: null, audit: null },
  reproduce: { command: 'calm-orch run x.yaml', caveat: null },
};

const manyRows = Array.from({ length: 30 }, (_, i) => `row ${i}`);
const kinds = ['pretrain-ssl', 'finetune-comment', 'finetune-score'] as const;

test('a run of 30 rows, of three seeds and 500 steps a stage, fits in 2 MB with all its photographs', async () => {
  const trials = manyRows.flatMap((row) => [0, 1, 2].map((seed) => ({ row, seed })));
  const stages = kinds.flatMap((kind) =>
    trials.map((trial) => ({ key: `${kind} ${trial.row} ${trial.seed}`, kind, trials: [trial], metrics: {} })),
  );
  const run = recordRun(tracker, { resolved, trials, stages });
  for (const { key } of stages)
    tracker.logMetrics(
      Array.from({ length: 500 }, (_, step) => ({
        ...{ runId: run.id, stageKey: key, step, name: 'train/loss' },
        value: Math.sin(step) / (step + 1),
      })),
    );
  const picture: ReportPicture = { source: `data:image/webp;base64,${'A'.repeat(40_000)}`, width: 256, height: 256 };
  const shown = Array.from({ length: 12 }, (_, i) => ({
    ...{ id: String(i), why: 'best' as const, picture, truth: 5, prediction: 4 },
    ...{ comment: 'a word '.repeat(50), references: ['another word '.repeat(50)] },
  }));
  const points = Array.from({ length: 1000 }, (_, i) => [i / 100, 5] as const);
  const text = await renderReport(tracker, run, {
    ...lent,
    photographs: {
      ...{ scoredBy: 'row a, seed 0', commentedBy: null, split: 'test', numScored: 1000, numRanked: 12 },
      ...{ points, shown },
    },
    suggestions: {
      ...{ askedOf: 'row a, seed 0', judge: 'keywords' },
      shown: shown.map(({ id }, i) => ({ degradation: id, picture, answer: 'too dark', isRight: i % 2 === 0 })),
    },
  });
  expect(text.length).toBeGreaterThan(1_000_000);
  expect(text.length).toBeLessThan(2_000_000);
  // Seven rows can be told apart in one chart.
  expect(text.match(/train\/loss of finetune-score \(\d of 5\)<\/figcaption>/g)).toHaveLength(5);
});

test('what a run is called is text, whatever it holds', async () => {
  const run = recordRun(tracker, { resolved, trials: [{ row: '<script>alert(1)</script>', seed: 0 }], stages: [] });
  const title = '</title><script>alert(2)</script>';
  const text = await renderReport(tracker, { ...run, title }, { ...lent, damaged: ['<img src=x onerror=alert(3)>'] });
  expect(text.startsWith(reportHead)).toBe(true);
  expect(text).not.toMatch(/<script|<img/);
  expect(text).toContain('&lt;script>alert(1)');
  expect(text).toContain("default-src 'none'");
});
