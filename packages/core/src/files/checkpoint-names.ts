// How a stage's checkpoints are named. A checkpoint is there when its manifest is.
import { existsSync, readdirSync } from 'node:fs';

/** Where those that stay are, in the folder of a stage's checkpoints. */
export const keptFolder = 'kept';

/** Name of a checkpoint's files, without their ends `.json` (the manifest) and `.safetensors`. */
export const checkpointName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** Steps after which a folder has checkpoints, the newest first. */
export const checkpointsIn = (dir: string): number[] =>
  (existsSync(dir) ? readdirSync(dir) : [])
    .flatMap((name) => /^step-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
