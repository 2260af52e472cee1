// `@calm-orch/core/config`: what reads, checks and prints experiment files. It loads the validator and the YAML reader, which
// processes that only compute do without.
export { augmentSchema, dataSchema, openaiSchema, personalSchema } from './schema.ts';
export { readDataFile } from './datasets.ts';
export { experimentYaml } from './reading/print.ts';
export { loadExperiment, restoreExperiment, type LoadOptions } from './reading/load.ts';
export { untilDecided, withNextSeed } from './reading/until-decided.ts';
export { carriedAblations, findExperiment, type CarriedAblation } from './reading/carried.ts';
export { resolveTrial, type Override } from './reading/resolve.ts';
