import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import { runCurves } from './run-curves.ts';

test('stages of one kind are one chart a metric, loss first; seeds of a row are a band, and what all rows share is one', () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-curves-'));
  const tracker = openTracker(dir);
  const trials = ['a', 'b'].flatMap((row) => [0, 1].map((seed) => ({ row, seed })));
  const stage = (key: string, kind: 'pretrain-generic' | 'finetune-score', own = trials) => ({
    ...{ key, kind, trials: own, metrics: {} },
  });
  const run = recordRun(tracker, {
    resolved: { table: { id: 't', title: 'T', metrics: [], footnotes: [] }, rows: [] },
    trials,
    stages: [
      stage('shared', 'pretrain-generic'),
      ...trials.map((trial) => stage(`${trial.row}${trial.seed}`, 'finetune-score', [trial])),
    ],
  });
  const log = (stageKey: string, name: string, value: number): void =>
    tracker.logMetrics([{ runId: run.id, stageKey, step: 5, name, value }]);
  log('shared', 'train/loss', 3);
  for (const [key, value] of [
    ['a0', 1],
    ['a1', 2],
    ['b0', 9],
  ] as const) {
    log(key, 'train/learningRate', 0.1);
    log(key, 'train/loss', value);
    log(key, 'train/samples', 7);
  }
  expect(runCurves(tracker, run, 10)).toEqual([
    {
      ...{ stage: 'pretrain-generic', metric: 'train/loss' },
      rows: [{ row: 'all rows', numCurves: 1, points: [[5, 3, 3, 3]] }],
    },
    {
      ...{ stage: 'finetune-score', metric: 'train/loss' },
      rows: [
        { row: 'a', numCurves: 2, points: [[5, 1.5, 1, 2]] },
        { row: 'b', numCurves: 1, points: [[5, 9, 9, 9]] },
      ],
    },
    expect.objectContaining({ stage: 'finetune-score', metric: 'train/learningRate' }),
  ]);
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});
