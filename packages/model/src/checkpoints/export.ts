// Our weights as Hugging Face folders: `vision/` and `llm/` with config.json, read by transformers' CLIPVisionModel and
// LlamaForCausalLM, and `mfam.safetensors` with keys `<level>....`. Tensors are read and written one after the other,
// so memory is bounded by the largest, or by a piece of it where it comes in pieces.
import { join } from 'node:path';
import { CalmError, writeFileAtomic, type LlmConfig, type MfamConfig, type VisionConfig } from '@calm-orch/core';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes } from '../calm/mfam.ts';
import { interpolatePositions, positionKey } from '../calm/photo-encoder.ts';
import { writeSafetensors, type NamedTensor, type TensorInPieces } from './safetensors.ts';
import type { Shapes } from '../training/shard-gradients.ts';
import { statesOf, visionShapes } from '../layers/vision.ts';
import { llmConfigJson, visionConfigJson } from './hf-config.ts';
import { findCheckpoint } from './open-checkpoint.ts';

export interface ExportedModel {
  readonly vision: VisionConfig;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  /** Weights by our key; asked for when they are written. */
  read(key: string): NamedTensor | TensorInPieces;
}

type Read = ExportedModel['read'];

/** Of the largest file, bytes: that of huggingface_hub, and of transformers before version 5. */
export const defaultShardBytes = 5e9;

/** transformers refuses files that do not say which framework's layout they have. */
const format = { format: 'pt' };
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * Writes the model below `dir`, float32.
 * @param shardBytes Largest file of a folder, but never less than one tensor. @default 5e9
 * @throws CalmError `invalid_argument` where a checkpoint is there already: its files could be taken for this one's.
 */
export function exportHuggingFace(dir: string, model: ExportedModel, { shardBytes = defaultShardBytes } = {}): void {
  const { vision, mfam, llm } = model;
  const there = [findCheckpoint(join(dir, 'vision')), findCheckpoint(join(dir, 'llm'))].find((file) => file);
  if (there !== undefined)
    throw new CalmError('invalid_argument', `${there}: is there already; export to an empty folder`);
  const width = vision.hiddenSize;
  // transformers' tower ends in a norm that no hidden state passes; the identity stands for it, and the file says so.
  const identity: Readonly<Record<string, NamedTensor>> = {
    'vision.vision_model.post_layernorm.weight': { shape: [width], values: new Float32Array(width).fill(1) },
    'vision.vision_model.post_layernorm.bias': { shape: [width], values: new Float32Array(width) },
  };
  // Where the model takes other photographs than the published tower, it has these interpolated.
  const visionRead: Read = (key) => {
    const found = identity[key] ?? model.read(key);
    if (key !== positionKey || !(found.values instanceof Float32Array)) return found;
    const values = interpolatePositions(found.values, width, vision.imageSize / vision.patchSize);
    return { shape: [values.length / width, width], values };
  };
  const visionKeys = {
    ...visionShapes(vision),
    ...Object.fromEntries(Object.entries(identity).map(([key, { shape }]) => [key, shape])),
  };
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  writeShards(join(dir, 'vision'), 'vision.', visionKeys, visionRead, {
    shardBytes,
    metadata: { ...format, post_layernorm: 'identity; no hidden state of CALM passes it' },
  });
  writeFileAtomic(join(dir, 'vision/config.json'), json(visionConfigJson(vision)));
  writeShards(join(dir, 'llm'), 'llm.', llmShapes(llm), (key) => model.read(key), { shardBytes, metadata: format });
  writeFileAtomic(join(dir, 'llm/config.json'), json(llmConfigJson(llm)));
  const mfamKeys = mfamShapes(mfam, statesOf(vision), llm);
  writeSafetensors(
    join(dir, 'mfam.safetensors'),
    whenWritten('mfam.', mfamKeys, Object.keys(mfamKeys), (key) => model.read(key)),
    format,
  );
}

/** The tensors of these keys without `prefix`, each read when it is written. */
function whenWritten(
  prefix: string,
  shapes: Shapes,
  keys: readonly string[],
  read: Read,
): Record<string, TensorInPieces> {
  const valuesOf = function* (key: string): Generator<Float32Array> {
    const { values } = read(key);
    if (values instanceof Float32Array) yield values;
    else yield* values;
  };
  return Object.fromEntries(
    keys.map((key) => [
      key.slice(prefix.length),
      { shape: shapes[key]!, values: { [Symbol.iterator]: () => valuesOf(key) } },
    ]),
  );
}

/** Keys without `prefix`: model.safetensors, or shards of at most `shardBytes` with their index. */
export function writeShards(
  dir: string,
  prefix: string,
  shapes: Shapes,
  read: Read,
  { shardBytes, metadata }: { shardBytes: number; metadata: Readonly<Record<string, string>> },
): void {
  const shards: string[][] = [[]];
  let bytes = 0;
  let totalBytes = 0;
  for (const [key, shape] of Object.entries(shapes)) {
    const tensorBytes = 4 * sizeOf(shape);
    if (bytes > 0 && bytes + tensorBytes > shardBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(key);
    bytes += tensorBytes;
    totalBytes += tensorBytes;
  }
  const digits = (n: number): string => String(n).padStart(5, '0');
  const weightMap: Record<string, string> = {};
  for (const [i, keys] of shards.entries()) {
    const name =
      shards.length === 1 ? 'model.safetensors' : `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`;
    const tensors = whenWritten(prefix, shapes, keys, read);
    writeSafetensors(join(dir, name), tensors, metadata);
    for (const key of Object.keys(tensors)) weightMap[key] = name;
  }
  if (shards.length > 1)
    writeFileAtomic(
      join(dir, 'model.safetensors.index.json'),
      `${JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: weightMap }, null, 2)}\n`,
    );
}
