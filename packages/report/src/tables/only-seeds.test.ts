import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import { collectTables } from './collect.ts';
import { onlySeeds } from './only-seeds.ts';

test('the table of some seeds has nothing of the others, and the baselines of all', () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-seeds-'));
  const tracker = openTracker(dir);
  try {
    const trials = [0, 1, 2].map((seed) => ({ row: 'all', seed }));
    const run = recordRun(tracker, {
      resolved: {
        table: { id: 't', title: 'T', metrics: ['PLCC'], footnotes: [] },
        rows: [{ row: 'all', set: {}, paper: {} }],
      },
      trials,
      stages: [
        ...trials.map((trial) => ({
          key: `score-${trial.seed}`,
          kind: 'evaluate-score' as const,
          trials: [trial],
          metrics: { PLCC: trial.seed / 10 },
        })),
        { key: 'baselines', kind: 'baselines', metrics: { 'ridge/PLCC': 0.5 } },
      ],
    });
    const part = onlySeeds(tracker, run, [1, 2]);
    const [table] = collectTables(part.tracker, part.run);
    expect(table!.rows[0]!.metrics['PLCC']).toMatchObject({ n: 2, mean: expect.closeTo(0.15, 12) as number });
    expect(table!.baselines).toMatchObject([{ metrics: { PLCC: { mean: 0.5 } } }]);
    expect([table!.numTrials, table!.numFinished]).toEqual([2, 2]);
    expect(part.tracker.listRunStages(run.id).map(({ key }) => key)).toEqual(['score-1', 'score-2', 'baselines']);
  } finally {
    tracker.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
