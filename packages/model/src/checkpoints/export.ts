// Our weights as Hugging Face folders: `vision/` and `llm/` with config.json, read by transformers' CLIPVisionModel and
// LlamaForCausalLM, and `mfam.safetensors` with keys `<level>....`. Tensors are read shard by shard, so memory is bounded
// by `shardBytes`, not by the model.
import { join } from 'node:path';
import { CalmError, writeFileAtomic, type LlmConfig, type MfamConfig, type VisionConfig } from '@calm-orch/core';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes } from '../calm/mfam.ts';
import { writeSafetensors, type NamedTensor } from './safetensors.ts';
import type { Shapes } from '../training/shard-gradients.ts';
import { statesOf, visionShapes } from '../layers/vision.ts';
import { llmConfigJson, visionConfigJson } from './hf-config.ts';
import { findCheckpoint } from './open-checkpoint.ts';

export interface ExportedModel {
  readonly vision: VisionConfig;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  /** Weights by our key; asked for one shard at a time. */
  read(key: string): NamedTensor;
}

/** transformers refuses files that do not say which framework's layout they have. */
const format = { format: 'pt' };
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * Writes the model below `dir`, float32.
 * @param shardBytes Largest file of a folder, but never less than one tensor. @default 2e9
 * @throws CalmError `invalid_argument` where a checkpoint is there already: its files could be taken for this one's.
 */
export function exportHuggingFace(dir: string, model: ExportedModel, { shardBytes = 2e9 } = {}): void {
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
  const visionKeys = {
    ...visionShapes(vision),
    ...Object.fromEntries(Object.entries(identity).map(([key, { shape }]) => [key, shape])),
  };
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  writeShards(join(dir, 'vision'), 'vision.', visionKeys, (key) => identity[key] ?? model.read(key), {
    shardBytes,
    metadata: { ...format, post_layernorm: 'identity; no hidden state of CALM passes it' },
  });
  writeFileAtomic(join(dir, 'vision/config.json'), json(visionConfigJson(vision)));
  writeShards(join(dir, 'llm'), 'llm.', llmShapes(llm), (key) => model.read(key), { shardBytes, metadata: format });
  writeFileAtomic(join(dir, 'llm/config.json'), json(llmConfigJson(llm)));
  const mfamTensors = Object.keys(mfamShapes(mfam, statesOf(vision), llm)).map(
    (key) => [key.slice(5), model.read(key)] as const,
  );
  writeSafetensors(join(dir, 'mfam.safetensors'), Object.fromEntries(mfamTensors), format);
}

/** Keys without `prefix`: model.safetensors, or shards of at most `shardBytes` with their index. */
export function writeShards(
  dir: string,
  prefix: string,
  shapes: Shapes,
  read: (key: string) => NamedTensor,
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
    const tensors = keys.map((key) => [key.slice(prefix.length), read(key)] as const);
    writeSafetensors(join(dir, name), Object.fromEntries(tensors), metadata);
    for (const [key] of tensors) weightMap[key] = name;
  }
  if (shards.length > 1)
    writeFileAtomic(
      join(dir, 'model.safetensors.index.json'),
      `${JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: weightMap }, null, 2)}\n`,
    );
}
