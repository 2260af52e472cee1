// The evaluator's stages, and its metrics for whoever wants them alone.
import type { StageRegistry } from '@calm-orch/core';

export const stages: StageRegistry = {
  baselines: async () => (await import('./stages/baselines.ts')).baselines,
  'evaluate-score': async () => (await import('./stages/evaluate-score.ts')).evaluateScore,
  'evaluate-comment': async () => (await import('./stages/evaluate-comment.ts')).evaluateComment,
  'baselines-comment': async () => (await import('./stages/baselines-comment.ts')).baselinesComment,
  'evaluate-suggest': async () => (await import('./stages/evaluate-suggest.ts')).evaluateSuggest,
  'evaluate-personal': async () => (await import('./stages/evaluate-personal.ts')).evaluatePersonal,
};

export { plcc, srcc } from './metrics/correlation.ts';
export { tokenMetrics } from './metrics/captions.ts';
export { captionReport, correlationReport, textMetricNames } from './metrics/score-files.ts';
export { readMeteorResources } from './metrics/meteor/resources.ts';
export { ptbTokenize } from './metrics/ptb.ts';
export { answerAboutPhotos, type PhotoAnswer, type PhotoQuestion } from './answers/photo-answers.ts';
export { outputColumns, readOutputs, type OutputColumn } from './imported/read-outputs.ts';
export { measureComments, measureScores, stageOfColumn, type MeasuredOutputs } from './imported/measure-outputs.ts';
