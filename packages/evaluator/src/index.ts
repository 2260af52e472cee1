// The evaluator beside its stages, whose definitions are in stages/index.ts: metrics, answers about photographs, verdicts.
export { averageRanks, plcc, srcc } from './metrics/correlation.ts';
export {
  captionMetricNames,
  captionMetrics,
  tokenMetrics,
  type CaptionItem,
  type CaptionMetric,
  type CaptionMetrics,
  type CaptionScores,
  type TokenizedItem,
} from './metrics/captions.ts';
export {
  captionReport,
  correlationReport,
  rmse,
  scoreCaptions,
  textMetricNames,
  type CaptionReport,
  type CorrelationReport,
  type TextMetric,
} from './metrics/score-files.ts';
export { readMeteorResources } from './metrics/meteor/resources.ts';
export { ptbTokenize } from './metrics/ptb.ts';
export { matrixOf, ridgePredict, type Matrix, type RidgePrediction } from './baselines/ridge.ts';
export {
  answerAboutPhotos,
  photoQuestions,
  type PhotoAnswer,
  type PhotoQuestion,
  type UnreadablePhoto,
} from './answers/photo-answers.ts';
export { keywordJudge, type SuggestionJudge } from './answers/suggestion-judge.ts';
export { judge, type RowItems, type Verdict, type VerdictOptions } from './verdicts/verdict.ts';
export { meanIntervals } from './verdicts/interval.ts';
export { readTrialItems, type TrialItems } from './verdicts/read-items.ts';
export type { TestItems } from './verdicts/test-items.ts';
export { outputColumns, readOutputs, type Output, type OutputColumn, type Outputs } from './imported/read-outputs.ts';
export { measureComments, measureScores, stageOfColumn, type MeasuredOutputs } from './imported/measure-outputs.ts';
