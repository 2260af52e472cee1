// A run folder as years of use would leave it, for `bench page`: many runs of one ablation, each of two rows and two seeds,
// with curves and numbers; no artifacts. Written through the tracker, many runs in a transaction.
import { loadExperiment } from '@calm-orch/core/config';
import { hashOf } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';

const runsAtOnce = 50;
export const longCurve = 100_000;

/** @param numPoints Over all runs; the newest has a curve of `longCurve` besides. @returns the key of that curve's stage */
export function makeFolder(dir, { numRuns, numPoints }, say) {
  let nowMs = Date.UTC(2026, 0, 1);
  const tracker = openTracker(dir, { clock: () => nowMs });
  const perStage = Math.max(1, Math.round(numPoints / numRuns / 4));
  const step = { nowMs: () => nowMs, pass: (ms) => (nowMs += ms) };
  let last;
  try {
    for (let first = 0; first < numRuns; first += runsAtOnce) {
      tracker.exclusively(() => {
        for (let index = first; index < Math.min(numRuns, first + runsAtOnce); index++)
          last = makeRun(tracker, index, index === numRuns - 1 ? longCurve : perStage, perStage, step);
      });
      if (first % 2000 === 0) say(`made ${first} of ${numRuns} runs`);
    }
  } finally {
    tracker.close();
  }
  return last;
}

/** Every hundredth has failed; every tenth has settings of its own, others repeat those before. */
function makeRun(tracker, index, numFirst, numOthers, { pass }) {
  const experiment = loadExperiment('experiments/ablation-mfam.yaml', {
    rows: ['thematic', 'all'],
    seeds: [0, 1],
    set: [`finetuneScore.steps=${1000 + Math.floor(index / 10)}`],
  });
  const { name, title, path, resolved, hash } = experiment;
  const trials = experiment.rows.flatMap(({ row }) => experiment.seeds.map((seed) => ({ row, seed })));
  const run = { experiment: name, title, path, resolved, hash, versions: {}, machine: {}, pid: process.pid, trials };
  const { id } = tracker.createRun(run);
  const common = { inputs: {}, numItems: 1, reuse: false };
  const stages = trials.flatMap((trial, i) => {
    const key = hashOf({ index, i });
    const config = { finetuneScore: { steps: 1000 } };
    return [
      { ...common, key, kind: 'finetune-score', role: 'trainer', config, trials: [trial] },
      { ...common, key: hashOf({ key }), kind: 'evaluate-score', role: 'evaluator', config, trials: [trial] },
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
      const count = i === 0 ? numFirst : numOthers;
      const points = Array.from({ length: count }, (_, step) => {
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
  return { runId: id, stageKey: stages[0].key };
}
