export {
  assertNever,
  CalmError,
  errorTable,
  stackOf,
  toCalmError,
  type ErrorCode,
  type ErrorMeaning,
} from './errors.ts';
export { canonicalJson, hashOf, sha256, type Json } from './order/canonical.ts';
export { differencesOf, type Difference } from './order/differences.ts';
export { rng, type Rng } from './order/rng.ts';
export {
  foundationFile,
  foundationFiles,
  foundationParts,
  foundationPaths,
  foundationSourcesFile,
  type FoundationPart,
  type FoundationSources,
  type SourceFile,
} from './foundation.ts';
export { abortedAfter, combineSignals, firstAbort, unlessAborted, type CombinedSignal } from './processes/signals.ts';
export { sampleOrder, type OrderedSample, type SampleOrder } from './order/sample-order.ts';
export { demandedDigests, sampleIds, shardDigest, stepDigest } from './order/sample-digest.ts';
export { stepOrder, type SampleList, type StepSamples } from './order/step-order.ts';
export { ignoresHangup } from './processes/hangup.ts';
export { processPlace, processStart } from './processes/process-identity.ts';
export { shardRange, type ShardRange } from './order/shards.ts';
export { makeFolder, wholeFilesIn, writeFileAtomic } from './files/files.ts';
export { inputUseText, tallyInput, type InputTally, type InputUse, type LeftOutKind } from './files/input-use.ts';
export { makeTemporaryFolder, temporaryFolder } from './files/temporary-folder.ts';
export { expandHome, userPath } from './files/user-path.ts';
export { stageLabel } from './stage-label.ts';
export { parseJson, readJson } from './files/json.ts';
export { mistakenContent, mistakenFile, refuseMistakenFile } from './files/mistaken-file.ts';
export {
  fileNamesIn,
  isHiddenName,
  leftOutNote,
  stampOf,
  walkFolder,
  whyUnreadable,
  type FolderWalk,
  type FoundFile,
  type LeftOut,
} from './files/folder-walk.ts';
export { checkpointFilesIn, checkpointName, checkpointsIn, keptFolder } from './files/checkpoint-names.ts';
export { readCheckpoint, type CheckpointManifest, type CheckpointPart } from './files/checkpoint-manifest.ts';
export { isInnerName } from './files/inner-name.ts';
export { measureFile, pieces, readInto, sha256OfFile, updateHash, writeAll } from './files/pieces.ts';
export {
  exchangeNote,
  isExchangeNote,
  roles,
  type AppliedSteps,
  type Gang,
  type GradientExchange,
  type OptimizerPlacement,
  type Role,
  type Roster,
  type StageContext,
  type StageFunction,
  type StageKind,
  type StageProgress,
  type StageResult,
  type StageSpec,
  type StateDigest,
  type Status,
  type TensorView,
} from './stage.ts';
export type { WorkerFacts } from './worker-facts.ts';
export type { StageDefinition, TrainingBudget } from './stage-definition.ts';
export type * from './config/schema.ts';
export * from './config/names.ts';
export {
  dataItems,
  dataParts,
  dataPools,
  hasValidationPart,
  partOf,
  judgedDatasets,
  photosPerItem,
  poolSize,
  rootsOf,
  type DataItem,
  type DataPart,
  type DataPool,
} from './config/data-parts.ts';
export { datasetNeeds, datasetsWelcome, type DatasetNeed } from './config/needs.ts';
export {
  encodingOf,
  hiddenStateBytes,
  liveSlice,
  numPhotographs,
  photographSets,
  type LiveEncoding,
  type PhotographSet,
} from './config/hidden-states.ts';
export { augmentationSide } from './config/sides.ts';
export type { MadeModel, Rehearsed, RehearsalModels } from './config/rehearse.ts';
export {
  mostPersonalPhotos,
  personalPhotosPerItem,
  personalSizes,
  type PersonalSizes,
} from './config/personal-sizes.ts';
export { nano, paper, presets, type Preset } from './config/presets.ts';
export type { Claim } from './config/ablation.ts';
export { seedsOf } from './seeds.ts';
export { hashOfResolved } from './hash-of-resolved.ts';
export type { Experiment, ExperimentRow, ResolvedExperiment, ResolvedRow, TableSpec } from './config/experiment.ts';
export { digestedSteps, isDigested, keptSteps } from './order/digest-steps.ts';
export { power } from './order/power.ts';
export { programRoot } from './program-root.ts';
export { nearest, suggestion } from './config/suggest.ts';
