// Checkpoints: everything training needs to go on, bit for bit. Tensors first, then a manifest with their sha256; a
// checkpoint without its manifest, or whose bytes do not match it, does not exist and the one before it is used.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkpointName,
  checkpointsIn,
  keptFolder,
  sha256OfFile,
  writeFileAtomic,
  type AppliedSteps,
  type StateDigest,
} from '@calm-orch/core';
import {
  lazyNumbers,
  openSafetensors,
  writeSafetensors,
  type Numbers,
  type SafetensorsFile,
  type TrainingState,
} from '@calm-orch/model';

export interface Checkpoint {
  /** Steps done: training goes on with this step. */
  readonly step: number;
  readonly state: TrainingState;
  /** How the state came about. */
  readonly lineage?: readonly AppliedSteps[];
  readonly digests?: readonly StateDigest[];
}

interface Manifest extends Pick<Checkpoint, 'lineage' | 'digests'> {
  readonly sha256: string;
}

const numNewest = 2;

/** Writes a checkpoint and removes all but the newest two, and the newest after at most `agreed` steps: others may be damaged. */
export function saveCheckpoint(dir: string, checkpoint: Checkpoint, agreed = checkpoint.step): void {
  writeCheckpoint(dir, checkpoint);
  const steps = checkpointsIn(dir);
  const certain = steps.find((each) => each <= agreed);
  for (const old of steps.slice(numNewest)) if (old !== certain) remove(dir, old);
}

/** One that stays. */
export const keepCheckpoint = (dir: string, checkpoint: Checkpoint): void =>
  writeCheckpoint(join(dir, keptFolder), checkpoint);

function writeCheckpoint(dir: string, { step, state, lineage, digests }: Checkpoint): void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${checkpointName(step)}.safetensors`);
  const vector = (values: Numbers) => ({ shape: [values.length], values });
  writeSafetensors(file, {
    weights: vector(state.weights),
    firstMoment: vector(state.firstMoment),
    secondMoment: vector(state.secondMoment),
  });
  writeFileAtomic(
    join(dir, `${checkpointName(step)}.json`),
    JSON.stringify({ step, sha256: sha256OfFile(file), lineage, digests }),
  );
}

/** Removes those after more steps. */
export function removeCheckpointsAfter(dir: string, step: number): void {
  for (const each of checkpointsIn(dir)) if (each > step) remove(dir, each);
}

/**
 * The newest whole checkpoint, or undefined. Damaged ones are removed: they would count among the newest when the next
 * is saved, and push it out.
 */
export function loadNewestCheckpoint(dir: string): Checkpoint | undefined {
  for (const step of checkpointsIn(dir)) {
    const found = loadCheckpoint(dir, step);
    if (found !== undefined) return found;
    remove(dir, step);
  }
  return undefined;
}

function loadCheckpoint(dir: string, step: number): Checkpoint | undefined {
  const file = join(dir, `${checkpointName(step)}.safetensors`);
  try {
    const manifest = JSON.parse(readFileSync(join(dir, `${checkpointName(step)}.json`), 'utf8')) as Manifest;
    if (sha256OfFile(file) !== manifest.sha256) return undefined;
    const [weights, firstMoment, secondMoment] = ['weights', 'firstMoment', 'secondMoment'].map((key) =>
      numbersIn(file, key),
    ) as [Numbers, Numbers, Numbers];
    const state = { weights, firstMoment, secondMoment };
    const { lineage, digests } = manifest;
    return { step, state, ...(lineage && { lineage }), ...(digests && { digests }) };
  } catch {
    // Unreadable counts as absent.
    return undefined;
  }
}

/** Of what is read at a time. */
const pieceNumbers = 2 ** 24;

/** Read when they are gone through. @throws CalmError where the file has no such tensor */
function numbersIn(path: string, key: string): Numbers {
  const using = <T>(use: (file: SafetensorsFile) => T): T => {
    const file = openSafetensors(path);
    try {
      return use(file);
    } finally {
      file.close();
    }
  };
  const [length] = using((file) => file.shape(key)) as [number];
  const lengths = Array.from({ length: Math.ceil(length / pieceNumbers) }, (_, i) =>
    Math.min(pieceNumbers, length - i * pieceNumbers),
  );
  return lazyNumbers(lengths, (i) =>
    using((file) => file.readPart(key, i * pieceNumbers, i * pieceNumbers + lengths[i]!)),
  );
}

function remove(dir: string, step: number): void {
  for (const type of ['json', 'safetensors']) rmSync(join(dir, `${checkpointName(step)}.${type}`), { force: true });
}
