// Checkpoints: everything training needs to go on, bit for bit. Files with the numbers first, then a manifest with their
// sha256; a checkpoint without its manifest, or whose bytes do not match it, does not exist and the one before it is used.
// A trainer saves all numbers in one file, a member of a gang those of its slice (checkpoint-writer.ts).
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  CalmError,
  checkpointFilesIn,
  checkpointName,
  checkpointsIn,
  readCheckpoint,
  writeFileAtomic,
  type CheckpointManifest,
  type CheckpointPart,
} from '@calm-orch/core';
import {
  joinedNumbers,
  lazyNumbers,
  openSafetensors,
  type Numbers,
  type SafetensorsFile,
  type TrainingState,
} from '@calm-orch/model';

export interface Checkpoint extends Omit<CheckpointManifest, 'parts'> {
  readonly state: TrainingState;
}

const numNewest = 2;

/**
 * Writes the manifest: the checkpoint is there. Then all go but the newest two, and the newest after at most `agreed` steps:
 * others may be damaged.
 */
export function completeCheckpoint(dir: string, manifest: CheckpointManifest, agreed = Infinity): void {
  writeManifest(dir, manifest);
  const steps = checkpointsIn(dir);
  const certain = steps.find((each) => each <= agreed);
  removeFiles(dir, (step) => step < steps[0]! && !steps.slice(0, numNewest).includes(step) && step !== certain);
}

export function writeManifest(dir: string, manifest: CheckpointManifest): void {
  writeFileAtomic(join(dir, `${checkpointName(manifest.step)}.json`), JSON.stringify(manifest));
}

/** Removes those after more steps. */
export const removeCheckpointsAfter = (dir: string, step: number): void => removeFiles(dir, (each) => each > step);

/**
 * The newest whole checkpoint, or undefined. Damaged ones are removed: they would count among the newest when the next
 * is saved, and push it out.
 */
export function loadNewestCheckpoint(dir: string): Checkpoint | undefined {
  for (const step of checkpointsIn(dir)) {
    const found = loadCheckpoint(dir, step);
    if (found !== undefined) return found;
    removeFiles(dir, (each) => each === step);
  }
  return undefined;
}

function loadCheckpoint(dir: string, step: number): Checkpoint | undefined {
  try {
    const { parts, ...rest } = readCheckpoint(dir, step);
    const [weights, firstMoment, secondMoment] = ['weights', 'firstMoment', 'secondMoment'].map((key) =>
      numbersIn(dir, parts, key),
    ) as [Numbers, Numbers, Numbers];
    return { ...rest, state: { weights, firstMoment, secondMoment } };
  } catch {
    // Unreadable counts as absent.
    return undefined;
  }
}

/** Of all parts, read when they are gone through. @throws CalmError where a file has no such tensor, or other numbers */
function numbersIn(dir: string, parts: readonly CheckpointPart[], key: string): Numbers {
  let at = 0;
  const all = parts.map(({ file, first, end }) => {
    const using = <T>(use: (opened: SafetensorsFile) => T): T => {
      const opened = openSafetensors(join(dir, file));
      try {
        return use(opened);
      } finally {
        opened.close();
      }
    };
    const lengths = using((opened) => opened.inPieces(key).values.lengths);
    const numbers = lazyNumbers(lengths, (i) => using((opened) => opened.inPieces(key).values.piece(i)));
    if (first !== at || (end ?? first + numbers.length) !== (at += numbers.length))
      throw new CalmError('bad_data', `${join(dir, file)}: ${key} has not the numbers ${first} to ${end}`);
    return numbers;
  });
  return joinedNumbers(all);
}

/** Manifests first: what has one is whole. */
function removeFiles(dir: string, isOld: (step: number) => boolean): void {
  const old = checkpointFilesIn(dir).filter(({ step }) => isOld(step));
  const manifestsFirst = old.sort((a, b) => Number(b.name.endsWith('.json')) - Number(a.name.endsWith('.json')));
  for (const { name } of manifestsFirst) rmSync(join(dir, name), { force: true });
}
