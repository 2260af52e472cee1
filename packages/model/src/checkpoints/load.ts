// A checkpoint under our names, checked whole before a number is read: every key of the model is there once, has the
// shape the configuration asks for, and nothing is left over that the model does not know.
import { CalmError, type LlmConfig, type MfamConfig, type QFormerLevel, type VisionConfig } from '@calm-orch/core';
import { qformerShapes } from '../calm/mfam.ts';
import type { NamedTensor } from './safetensors.ts';
import type { Shapes } from '../training/shard-gradients.ts';
import { qformerKey, skipped, type KeyMap } from './names.ts';
import { openCheckpoint, type Checkpoint, type CheckpointFormat } from './open-checkpoint.ts';

/** Weights by our keys, read one at a time. */
export interface WeightSource {
  readonly keys: readonly string[];
  read(key: string): NamedTensor;
  close(): void;
}

export interface OpenOptions {
  readonly formats?: readonly CheckpointFormat[];
  /** Our keys that are another key's tensor (tied embeddings); what the file holds for them is not used. */
  readonly tied?: Readonly<Record<string, string>>;
}

const show = (shape: readonly number[] | undefined): string => (shape?.length === 0 ? 'scalar' : `${shape?.join('x')}`);

/**
 * Opens the checkpoint at `path` as the parameters `shapes`, which it must hold exactly.
 * @throws CalmError `bad_data` naming file, key and expectation.
 */
export function openWeights(path: string, keyMap: KeyMap, shapes: Shapes, options: OpenOptions = {}): WeightSource {
  const { formats, tied = {} } = options;
  return opened(path, formats, (checkpoint) => {
    const theirs = theirKeys(checkpoint, keyMap);
    for (const [ours, their] of theirs)
      if (!Object.hasOwn(shapes, ours) && !Object.hasOwn(tied, ours))
        throw new CalmError(
          'bad_data',
          `${checkpoint.fileOf(their)}: key ${their} is not part of the configured model; does its config.json belong to it?`,
        );
    const needed = Object.keys(shapes).filter((key) => !Object.hasOwn(tied, key));
    const missing = needed.filter((key) => !theirs.has(key));
    if (missing.length > 0)
      throw new CalmError(
        'bad_data',
        `${checkpoint.path}: ${missing[0]} (${show(shapes[missing[0]!])}) is missing` +
          (missing.length > 1 ? `, and ${missing.length - 1} more` : ''),
      );
    for (const key of needed) checkShape(checkpoint, theirs.get(key)!, shapes[key]!);
    return sourceOf(checkpoint, Object.keys(shapes), (key) => theirs.get(tied[key] ?? key)!);
  });
}

/**
 * Opens a published Q-Former (BLIP-2) as a seed for the one of `level`: its first layers, its queries, and its
 * projection where that leads to a language model of this width. What it lacks is in `fresh` and keeps its random
 * initial weights.
 * @throws CalmError `bad_data` where another key it shares with ours has another shape.
 */
export function openQFormerSeed(
  path: string,
  level: QFormerLevel,
  config: MfamConfig,
  vision: Pick<VisionConfig, 'hiddenSize'>,
  llm: Pick<LlmConfig, 'hiddenSize'>,
): WeightSource & { readonly fresh: readonly string[] } {
  const shapes = qformerShapes(config, level, vision.hiddenSize, llm);
  return opened(path, undefined, (checkpoint) => {
    const theirs = theirKeys(checkpoint, qformerKey(level));
    const projection = `mfam.${level}.projection.`;
    const weight = theirs.get(`${projection}weight`);
    // A projection into another language model is none of ours.
    if (weight !== undefined && checkpoint.shape(weight).join() !== shapes[`${projection}weight`]!.join())
      for (const name of ['weight', 'bias']) theirs.delete(`${projection}${name}`);
    const seeded = Object.keys(shapes).filter((key) => theirs.has(key));
    if (!seeded.some((key) => key.includes('.qformer.')))
      throw new CalmError(
        'bad_data',
        `${checkpoint.path}: no key of a Q-Former; expected qformer.encoder.layer.0... or Qformer.bert.encoder.layer.0...`,
      );
    for (const key of seeded) checkShape(checkpoint, theirs.get(key)!, shapes[key]!);
    const fresh = Object.keys(shapes).filter((key) => !theirs.has(key));
    return { ...sourceOf(checkpoint, seeded, (key) => theirs.get(key)!), fresh };
  });
}

/** All tensors of a source; for models that fit in memory twice over. */
export function readAll(source: WeightSource): Record<string, NamedTensor> {
  try {
    return Object.fromEntries(source.keys.map((key) => [key, source.read(key)]));
  } finally {
    source.close();
  }
}

/** Opens, checks, and closes again where a check fails. */
function opened<T>(path: string, formats: OpenOptions['formats'], check: (checkpoint: Checkpoint) => T): T {
  const checkpoint = openCheckpoint(path, formats);
  try {
    return check(checkpoint);
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

/** Our key -> the checkpoint's key. */
function theirKeys(checkpoint: Checkpoint, keyMap: KeyMap): Map<string, string> {
  const theirs = new Map<string, string>();
  for (const key of checkpoint.keys) {
    const ours = keyMap(key);
    if (ours === skipped) continue;
    const problem =
      ours === undefined
        ? 'is not part of such a model'
        : theirs.has(ours) && `says the same as key ${theirs.get(ours)} (${ours})`;
    if (ours === undefined || problem !== false)
      throw new CalmError(
        'bad_data',
        `${checkpoint.fileOf(key)}: key ${key} ${problem}; remove it or take another file`,
      );
    theirs.set(ours, key);
  }
  return theirs;
}

function checkShape(checkpoint: Checkpoint, key: string, expected: readonly number[]): void {
  const got = checkpoint.shape(key);
  if (got.join() !== expected.join())
    throw new CalmError(
      'bad_data',
      `${checkpoint.fileOf(key)}: key ${key} is ${show(got)}, expected ${show(expected)}`,
    );
}

function sourceOf(checkpoint: Checkpoint, keys: readonly string[], keyOf: (ours: string) => string): WeightSource {
  return { keys, read: (key) => checkpoint.read(keyOf(key)), close: () => checkpoint.close() };
}
