// How a stage's checkpoints are named. A checkpoint is there when its manifest is.
import { existsSync, readdirSync } from 'node:fs';

/** Where those that stay are, in the folder of a stage's checkpoints. */
export const keptFolder = 'kept';

/** How names of a checkpoint's files begin; `.json` is its manifest, the others end in `.safetensors`. */
export const checkpointName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** Files of checkpoints in a folder, also of those that are not whole, with their steps. */
export const checkpointFilesIn = (dir: string): { readonly name: string; readonly step: number }[] =>
  (existsSync(dir) ? readdirSync(dir) : []).flatMap((name) => {
    const [, step] = /^step-(\d+)\./.exec(name) ?? [];
    return step === undefined ? [] : [{ name, step: Number(step) }];
  });

/** Steps after which a folder has checkpoints, the newest first. */
export const checkpointsIn = (dir: string): number[] =>
  checkpointFilesIn(dir)
    .filter(({ name, step }) => name === `${checkpointName(step)}.json`)
    .map(({ step }) => step)
    .sort((a, b) => b - a);
