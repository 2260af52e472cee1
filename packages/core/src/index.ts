export {
  assertNever,
  CalmError,
  errorTable,
  stackOf,
  toCalmError,
  type ErrorCode,
  type ErrorMeaning,
} from './errors.ts';
export { canonicalJson, hashOf, sha256, type Json } from './canonical.ts';
export { rng, type Rng } from './rng.ts';
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
export { abortedAfter, combineSignals, firstAbort, type CombinedSignal } from './signals.ts';
export { sampleOrder, type OrderedSample, type SampleOrder } from './sample-order.ts';
export { demandedDigests, sampleIds, shardDigest, stepDigest, type SampleList } from './sample-digest.ts';
export { ignoresHangup } from './hangup.ts';
export { shardRange } from './shards.ts';
export { makeFolder, writeFileAtomic } from './files.ts';
export { inputUseText, tallyInput, type InputTally, type InputUse, type LeftOutKind } from './input-use.ts';
export { makeTemporaryFolder, temporaryFolder } from './temporary-folder.ts';
export { expandHome, userPath } from './user-path.ts';
export { stageLabel } from './stage-label.ts';
export { parseJson, readJson } from './json.ts';
export { mistakenContent, mistakenFile, refuseMistakenFile } from './mistaken-file.ts';
export {
  isHiddenName,
  leftOutNote,
  stampOf,
  walkFolder,
  whyUnreadable,
  type FolderWalk,
  type FoundFile,
  type LeftOut,
} from './folder-walk.ts';
export { pieces, readInto, sha256OfFile, updateHash, writeAll } from './pieces.ts';
export { openSqlite, type Sqlite } from './sqlite.ts';
export { processPlace, processStart } from './processes.ts';
export {
  gangKinds,
  stageRoles,
  type AppliedSteps,
  type Gang,
  type OptimizerPlacement,
  type Role,
  type Roster,
  type StageContext,
  type StageFunction,
  type StageKind,
  type StageProgress,
  type StageRegistry,
  type StageResult,
  type StageSpec,
  type Status,
} from './stage.ts';
export * from './config/schema.ts';
export { datasetNames, readDataFile, type DatasetName, type DatasetRoots } from './config/datasets.ts';
export {
  checkedPerItem,
  dataItems,
  encodedPerItem,
  numEncoded,
  numItemsOf,
  photosPerItem,
  realPhotos,
  type DataItem,
  type DataPool,
  type EncodeWhat,
} from './config/items.ts';
export { augmentationReduction, augmentationSide } from './config/sides.ts';
export { nano, paper, presets, type Preset } from './config/presets.ts';
export { commentMetrics, tableMetrics, type Claim, type TableMetric } from './config/ablation.ts';
export { stagesOfMetric } from './config/stages-of-metric.ts';
export type { Experiment, ExperimentRow, ResolvedExperiment, ResolvedRow, TableSpec } from './config/experiment.ts';
export { experimentYaml } from './config/print.ts';
export { loadExperiment, restoreExperiment, type LoadOptions } from './config/load.ts';
export { power } from './power.ts';
export { programRoot } from './program-root.ts';
export { findExperiment } from './config/carried.ts';
export { resolveTrial, type Override } from './config/resolve.ts';
export { nearest, suggestion } from './config/suggest.ts';
export { readCaptionsFile, readCorrelationFile, type CaptionsFile, type CorrelationFile } from './metric-files.ts';
