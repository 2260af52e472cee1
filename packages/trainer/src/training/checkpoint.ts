// Checkpoints: everything training needs to go on, bit for bit. Tensors first, then a manifest with their sha256; a
// checkpoint without its manifest, or whose bytes do not match it, does not exist and the one before it is used.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256OfFile, writeFileAtomic, type AppliedSteps } from '@calm-orch/core';
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
}

interface Manifest {
  readonly sha256: string;
  readonly lineage?: readonly AppliedSteps[];
}

const kept = 2;
const stem = (step: number): string => `step-${String(step).padStart(8, '0')}`;
const manifestSteps = (dir: string): number[] =>
  (existsSync(dir) ? readdirSync(dir) : [])
    .flatMap((name) => /^step-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);

/** Writes a checkpoint and removes all but the newest two. */
export function saveCheckpoint(dir: string, { step, state, lineage }: Checkpoint): void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${stem(step)}.safetensors`);
  const vector = (values: Numbers) => ({ shape: [values.length], values });
  writeSafetensors(file, {
    weights: vector(state.weights),
    firstMoment: vector(state.firstMoment),
    secondMoment: vector(state.secondMoment),
  });
  writeFileAtomic(join(dir, `${stem(step)}.json`), JSON.stringify({ step, sha256: sha256OfFile(file), lineage }));
  for (const old of manifestSteps(dir).slice(kept)) remove(dir, old);
}

/**
 * The newest whole checkpoint, or undefined. Damaged ones are removed: they would count among the newest when the next
 * is saved, and push it out.
 */
export function loadNewestCheckpoint(dir: string): Checkpoint | undefined {
  for (const step of manifestSteps(dir)) {
    const found = loadCheckpoint(dir, step);
    if (found !== undefined) return found;
    remove(dir, step);
  }
  return undefined;
}

function loadCheckpoint(dir: string, step: number): Checkpoint | undefined {
  const file = join(dir, `${stem(step)}.safetensors`);
  try {
    const manifest = JSON.parse(readFileSync(join(dir, `${stem(step)}.json`), 'utf8')) as Manifest;
    if (sha256OfFile(file) !== manifest.sha256) return undefined;
    const [weights, firstMoment, secondMoment] = ['weights', 'firstMoment', 'secondMoment'].map((key) =>
      numbersIn(file, key),
    ) as [Numbers, Numbers, Numbers];
    const state = { weights, firstMoment, secondMoment };
    return { step, state, ...(manifest.lineage && { lineage: manifest.lineage }) };
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
  for (const type of ['json', 'safetensors']) rmSync(join(dir, `${stem(step)}.${type}`), { force: true });
}
