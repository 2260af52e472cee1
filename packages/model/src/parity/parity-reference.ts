// A directory of reference results made by PyTorch and transformers: `golden.json`, the Hugging Face folders `vision/` and
// `llm/`, `mfam.safetensors` and, where every value was kept, `whole.safetensors`. Sizes, taps, heads and orders all come
// from its files.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  CalmError,
  levels as allLevels,
  readJson as readAnyJson,
  type Level,
  type LlmConfig,
  type MfamConfig,
  type VisionConfig,
} from '@calm-orch/core';
import { readLlmConfig, readVisionConfig } from '../checkpoints/hf-config.ts';
import { openWeights, readAll, type WeightSource } from '../checkpoints/load.ts';
import { llmKey, mfamKey, visionKey } from '../checkpoints/names.ts';
import type { CheckpointFormat } from '../checkpoints/open-checkpoint.ts';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes } from '../calm/mfam.ts';
import type { Sampled } from './parity-values.ts';
import { openSafetensors, readSafetensors } from '../checkpoints/safetensors.ts';
import type { Weights } from '../training/shard-gradients.ts';
import { statesOf, visionShapes } from '../layers/vision.ts';

export interface Trajectory {
  readonly steps: readonly { readonly lr: number; readonly loss: number }[];
}

interface Golden {
  readonly layout: {
    readonly taps: { readonly low: number; readonly middle: number; readonly high: number };
    readonly queries: number;
    readonly crossAttentionFrequency: number;
    /** Parts of the sequence as they are read: the image's levels side by side, texts around them, `answer` last. */
    readonly tokenOrder: readonly (Level | 'prefix' | 'suffix' | 'answer')[];
    readonly qformer: {
      readonly layers: number;
      readonly heads: number;
      readonly layerNormEps: number;
      readonly activation: 'gelu' | 'quick_gelu';
      readonly seesCls: boolean;
    };
    readonly thematic: { readonly hiddenState: number; readonly dropCls?: boolean; readonly postLayerNorm?: boolean };
  };
  readonly pixels: { readonly shape: number[]; readonly data: number[] };
  readonly prefix: number[][];
  readonly suffix: number[][];
  readonly answer: number[][];
  readonly hiddenStates: readonly Sampled[];
  readonly levels: Readonly<Record<'thematic' | 'low' | 'middle' | 'high', Sampled>>;
  readonly answerLogits: { readonly shape: number[]; readonly data: number[] };
  readonly loss: number;
  readonly gradientNorms: Readonly<Record<string, number>>;
  readonly llmOnly: { readonly ids: number[][]; readonly logitsLast: number[]; readonly greedy16: number[] };
  readonly pretrainTrajectory: Trajectory;
  readonly finetuneTrajectory: Trajectory;
}

export interface Reference {
  readonly golden: Golden;
  readonly vision: VisionConfig;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly tiedEmbeddings: boolean;
  readonly order: Order;
  readonly weights: Weights;
  /** Tensors of which every value is known; undefined where the folder has samples only. */
  readonly whole: Weights | undefined;
}

/** The sequence's parts: texts read before the image, its levels, texts between it and the answer. */
interface Order {
  readonly before: readonly Text[];
  readonly levels: readonly Level[];
  readonly after: readonly Text[];
}
export type Text = 'prefix' | 'suffix';

const readJson = <T>(path: string): T => readAnyJson(path) as T;
export const headKey = 'llm.lm_head.weight';
export const embeddingKey = 'llm.model.embed_tokens.weight';

export function openLlm(
  dir: string,
  folder: ReturnType<typeof readLlmConfig>,
  formats?: CheckpointFormat[],
): WeightSource {
  const tied: Record<string, string> = folder.tiedEmbeddings ? { [headKey]: embeddingKey } : {};
  return openWeights(join(dir, 'llm'), llmKey, llmShapes(folder.llm), { formats, tied });
}

/** @throws CalmError `bad_data` for an order, or a thematic level, that the model does not compute. */
function readOrder(path: string, { tokenOrder, thematic }: Golden['layout']): Order {
  const isLevel = (part: string): part is Level => (allLevels as readonly string[]).includes(part);
  const first = tokenOrder.findIndex(isLevel);
  const levels = tokenOrder.filter(isLevel);
  const before = tokenOrder.slice(0, first) as Text[];
  const after = tokenOrder.slice(first + levels.length, -1) as Text[];
  const parts = [...before, ...levels, ...after, 'answer'];
  if (before.length === 0 || parts.join() !== tokenOrder.join() || !levels.some((level) => level !== 'thematic'))
    throw new CalmError(
      'bad_data',
      `${path}: layout.tokenOrder should be text, the levels side by side, text or none, answer; got ${tokenOrder.join(', ')}`,
    );
  if (thematic.dropCls === false || thematic.postLayerNorm === true)
    throw new CalmError(
      'bad_data',
      `${path}: layout.thematic should have dropCls true and postLayerNorm false; the thematic level has no others`,
    );
  return { before, levels, after };
}

export function readReference(dir: string): Reference {
  const path = join(dir, 'golden.json');
  if (!existsSync(path)) throw new CalmError('not_found', `${path}: is not there; name a folder of reference results`);
  const golden = readJson<Golden>(path);
  const { layout } = golden;
  const order = readOrder(path, layout);
  const vision = readVisionConfig(join(dir, 'vision'));
  const folder = readLlmConfig(join(dir, 'llm'));
  const mfamPath = join(dir, 'mfam.safetensors');
  const mfamFile = openSafetensors(mfamPath);
  const level = order.levels.find((name) => name !== 'thematic')!;
  const [queries, mlp] = ['query_tokens', 'qformer.encoder.layer.0.intermediate_query.dense.weight'].map((key) =>
    mfamFile.shape(`${level}.${key}`),
  );
  mfamFile.close();
  const wholePath = join(dir, 'whole.safetensors');
  const mfam: MfamConfig = {
    levels: [...order.levels],
    projector: 'linear',
    projectorSize: null,
    resampler: 'qformer',
    taps: { ...layout.taps, thematic: layout.thematic.hiddenState },
    queries: layout.queries,
    hiddenSize: queries![2]!,
    numHeads: layout.qformer.heads,
    numLayers: layout.qformer.layers,
    mlpSize: mlp![0]!,
    crossAttentionFrequency: layout.crossAttentionFrequency,
    layerNormEps: layout.qformer.layerNormEps,
    activation: layout.qformer.activation,
    seesCls: layout.qformer.seesCls,
    standardizeTaps: false,
    initializer: 'bert',
  };
  return {
    golden,
    order,
    vision,
    mfam,
    ...folder,
    whole: existsSync(wholePath) ? readSafetensors(wholePath) : undefined,
    weights: {
      ...readAll(openWeights(join(dir, 'vision'), visionKey, visionShapes(vision))),
      ...readAll(openWeights(mfamPath, mfamKey, mfamShapes(mfam, statesOf(vision), folder.llm))),
      ...readAll(openLlm(dir, folder)),
    },
  };
}
