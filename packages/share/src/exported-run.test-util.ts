// A run whose points and names are hard on other tools, for tests of what is exported.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { recordRun, type RecordedStage } from '../../tracker/src/recorded-run.test-util.ts';

export const hardRows = ['thematic', 'table-5/all ü|,"x"'];
/** More than a block of any format holds. */
export const numSteps = 3000;

/** Value of `train/loss` of a row's training at a step: some are no numbers. */
export const lossAt = (row: number, step: number): number =>
  step === 7 ? Number.NaN : step === 8 ? Infinity : step === 9 ? -Infinity : (row + 1) / (step + 3);

/** @param dir Run folder of `tracker`. */
export function recordHardRun(tracker: Tracker, dir: string): RunRecord {
  const artifacts = join(dir, 'artifacts');
  const trials = hardRows.map((row) => ({ row, seed: 3 }));
  const own = trials.flatMap((trial, i): RecordedStage[] => {
    const folder = join(artifacts, `score-${i}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'predictions.csv'),
      `image,target,score,expectation,text\n1,4.5,5,5.125,"5, "so""\n2,3.25,4,3.5,"four"\n`,
    );
    mkdirSync(join(artifacts, `train-${i}`));
    return [
      { kind: 'finetune-score', key: `train-${i}`, trials: [trial], metrics: {} },
      { kind: 'evaluate-score', key: `score-${i}`, trials: [trial], metrics: { PLCC: 0.1 + 0.2 + i, SRCC: null } },
    ];
  });
  for (const key of ['ssl', 'baselines']) mkdirSync(join(artifacts, key));
  const run = recordRun(tracker, {
    trials,
    artifacts,
    resolved: {
      config: { mfam: { levels: ['high', 'low'], taps: { high: 6 } }, scorePrefix: 'it is\n"worth"', preset: 'nano' },
      rows: [
        { row: hardRows[0], set: {}, paper: {} },
        { row: hardRows[1], set: { 'mfam.taps': { low: 1 } }, paper: {} },
      ],
    },
    stages: [
      { kind: 'pretrain-ssl', key: 'ssl', trials, metrics: {} },
      ...own,
      { kind: 'baselines', key: 'baselines', metrics: { "nearest photograph's comment/CIDEr": 0.25 } },
    ],
  });
  const points = Array.from({ length: numSteps }, (_, step) => step).flatMap((step) => [
    ...hardRows.map((_, i) => ({
      runId: run.id,
      stageKey: `train-${i}`,
      step,
      name: 'train/loss',
      value: lossAt(i, step),
    })),
    { runId: run.id, stageKey: 'ssl', step, name: 'train/loss', value: step / 7 },
    { runId: run.id, stageKey: 'ssl', step, name: 'train/learningRate', value: 1e-3 / (step + 1) },
  ]);
  for (let first = 0; first < points.length; first += 1000) tracker.logMetrics(points.slice(first, first + 1000));
  tracker.endRun(run.id, 'succeeded');
  return tracker.getRun(run.id);
}
