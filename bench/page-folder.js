// A run folder as years of use would leave it, for `bench page`: many runs of one ablation, each of two rows and two seeds,
// with curves and numbers; no artifacts. Written through the tracker, many runs in a transaction.
import { hashOf } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { openTracker } from '@calm-orch/tracker';

const runsAtOnce = 50;
export const longCurve = 100_000;

/** @param numPoints Over all runs; one curve of the newest, in its first stage, has `longCurve` instead of its share. */
export function makeFolder(dir, { numRuns, numPoints }, say) {
  let nowMs = Date.UTC(2026, 0, 1);
  const pass = (ms) => (nowMs += ms);
  const tracker = openTracker(dir, { clock: () => nowMs, processStart: () => 'long ago' });
  const share = Math.max(1, Math.round(numPoints / numRuns / 4));
  let experiment;
  try {
    for (let first = 0; first < numRuns; first += runsAtOnce) {
      tracker.exclusively(() => {
        for (let index = first; index < Math.min(numRuns, first + runsAtOnce); index++) {
          if (index % 10 === 0) experiment = experimentOf(1000 + index / 10);
          const curves = [index === numRuns - 1 ? longCurve : share, share, share, share];
          makeRun(tracker, experiment, index, curves, pass);
        }
      });
      if (first % 2000 === 0) say(`made ${first} of ${numRuns} runs`);
    }
  } finally {
    tracker.close();
  }
}

/** One more, with a point a curve: what happens in a folder that is looked at. */
export function addRun(dir, index) {
  const tracker = openTracker(dir, { processStart: () => 'long ago' });
  try {
    makeRun(tracker, experimentOf(1000), index, [1, 1, 1, 1], () => {});
  } finally {
    tracker.close();
  }
}

const experimentOf = (steps) =>
  loadExperiment('experiments/ablation-mfam.yaml', {
    rows: ['thematic', 'all'],
    seeds: [0, 1],
    set: [`finetuneScore.steps=${steps}`],
  });

/** Every hundredth has failed. */
function makeRun(tracker, experiment, index, curves, pass) {
  const { name, title, path, resolved, hash } = experiment;
  const trials = experiment.rows.flatMap(({ row }) => experiment.seeds.map((seed) => ({ row, seed })));
  const run = { experiment: name, title, path, resolved, hash, versions: {}, machine: {}, pid: process.pid, trials };
  const { id } = tracker.createRun(run);
  const common = { inputs: {}, numItems: 1, reuse: false };
  const stages = trials.flatMap((trial, i) => {
    const key = hashOf({ index, i });
    const own = { ...common, config: { trial }, trials: [trial] };
    return [
      { ...own, key, kind: 'finetune-score', role: 'trainer' },
      { ...own, key: hashOf({ key }), kind: 'evaluate-score', role: 'evaluator' },
    ];
  });
  tracker.upsertStages(id, stages);
  const hasFailed = index % 100 === 99;
  for (const [i, { key, role }] of stages.entries()) {
    const { token } = tracker.startAttempt(id, key, 0, `${role} 0`);
    pass(1000);
    if (hasFailed && i === stages.length - 1) {
      tracker.failAttempt(token, 'no space left');
      tracker.failStage(id, key, 'no space left');
      break;
    }
    const isTraining = role === 'trainer';
    if (isTraining) {
      const points = Array.from({ length: curves[i / 2] }, (_, step) => {
        const value = 4 / (1 + step / 50) + ((step * 7919) % 97) / 500;
        return { runId: id, stageKey: key, name: 'train/loss', step, value };
      });
      tracker.logMetrics(points);
    }
    const quality = 0.6 + (((index * 31 + i * 7) % 100) / 100) * 0.2;
    const result = isTraining ? { fingerprint: key } : { metrics: { PLCC: quality, SRCC: quality - 0.01 } };
    tracker.finishItem(token, result);
    tracker.succeedStage(id, key, result, []);
  }
  tracker.endRun(id, hasFailed ? 'failed' : 'succeeded');
}
