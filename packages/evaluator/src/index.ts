// The evaluator beside its stages, whose definitions are in stages/index.ts: metrics. Answers about photographs are a module
// of their own (answers/photo-answers.ts), which is asked for them alone.
export { plcc, srcc } from './metrics/correlation.ts';
export { tokenMetrics } from './metrics/captions.ts';
export { captionReport, correlationReport, textMetricNames } from './metrics/score-files.ts';
export { readMeteorResources } from './metrics/meteor/resources.ts';
export { ptbTokenize } from './metrics/ptb.ts';
export { checkReadout } from './answers/check-readout.ts';
export { outputColumns, readOutputs, type OutputColumn } from './imported/read-outputs.ts';
export { measureComments, measureScores, stageOfColumn, type MeasuredOutputs } from './imported/measure-outputs.ts';
