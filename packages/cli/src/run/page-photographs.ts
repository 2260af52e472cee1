// The photographs of a trial for the page: what was tested on with the answers, what was degraded with the suggestions,
// augmented pairs with their sentences.
import type { PhotographSources, TrialName } from '@calm-orch/dashboard';
import type { StageKind } from '@calm-orch/core';
import type { Layout } from '@calm-orch/coordinator/layout';
import type { RunStageRecord, Tracker } from '@calm-orch/tracker';
import { trialPhotographs } from '../report/trial-photographs.ts';

export function pagePhotographs(layout: Layout): PhotographSources {
  const photographs = trialPhotographs(layout);
  return {
    test: async (tracker, runId, trial) => {
      const ofKind = (kind: StageKind) => stageOf(tracker, runId, trial, kind);
      const all = await photographs.tested(ofKind('evaluate-score'), ofKind('evaluate-comment'));
      return all.map(({ id, picture, scored, commented }) => ({
        ...{ id, picture },
        target: scored?.target ?? null,
        prediction: scored?.prediction ?? null,
        answer: scored?.answer ?? null,
        comment: commented?.candidate ?? null,
        references: commented?.references ?? [],
      }));
    },

    suggestions: (tracker, runId, trial) => photographs.suggested(stageOf(tracker, runId, trial, 'evaluate-suggest')),

    pairs: async (tracker, runId, trial, { offset, limit }) => {
      const stage = stageOf(tracker, runId, trial, 'augment');
      if (!photographs.isThere(stage?.key)) return null;
      const { numPairs, readPairs } = await import('@calm-orch/datasets');
      const dir = layout.artifact(stage.key);
      const { data } = stage.inputs;
      return {
        total: numPairs(dir),
        pairs: readPairs(dir, { first: offset, count: limit }).map(({ index, draw, groups, labels }, i) => ({
          ...{ index, draw, groups },
          sentences: labels,
          original: photographs.isThere(data) ? { stage: data, index } : null,
          augmented: { stage: stage.key, index: offset + i },
        })),
      };
    },

    picture: async (stage, index) => {
      const path = await photographs.pathOf(stage, index);
      const { browserPicture } = await import('@calm-orch/datasets');
      return browserPicture(path);
    },
  };
}

/** Of a trial's stages the one of a kind that has succeeded. */
function stageOf(
  tracker: Tracker,
  runId: string,
  { row, seed }: TrialName,
  kind: StageKind,
): RunStageRecord | undefined {
  return tracker
    .listRunStages(runId)
    .find(
      (stage) =>
        stage.kind === kind &&
        stage.status === 'succeeded' &&
        stage.trials.some((trial) => trial.row === row && trial.seed === seed),
    );
}
