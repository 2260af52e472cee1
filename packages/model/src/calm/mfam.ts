// The multi-scale feature alignment module (CALM, section 3.2): a fully connected projection of the thematic tokens and
// three small Q-Formers (Li et al. 2023, BLIP-2) whose learnable queries read the low, middle and high hidden states. In
// place of the Q-Formers a control has pooling.ts.
// Shapes: B = batch, T = vision tokens, Dv = vision width, Q = queries, Dq = Q-Former width, D = language width.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Level, LlmConfig, MfamConfig, QFormerLevel } from '@calm-orch/core';
import { attention } from '../layers/attention.ts';
import { activations, layerNorm, linear, linears, perSample } from '../layers/layers.ts';
import type { Parameters } from '../layers/parameter.ts';
import type { StatesSize } from '../layers/vision.ts';
import { recomputed } from '../training/recompute.ts';
import { sizeOf } from '../training/shard-gradients.ts';
import { pooledShapes, pooledTokens } from './pooling.ts';

const hasCrossAttention = (config: MfamConfig, layer: number): boolean => layer % config.crossAttentionFrequency === 0;

/** Inner width of `mlp2x_gelu`. */
export const projectorSize = (config: Pick<MfamConfig, 'projectorSize'>, llm: Pick<LlmConfig, 'hiddenSize'>): number =>
  config.projectorSize ?? llm.hiddenSize;

/** Inner width of the layers of a level that is pooled. */
export function pooledSize(config: MfamConfig, states: StatesSize, llm: Pick<LlmConfig, 'hiddenSize'>): number {
  const shapes = mfamShapes({ ...config, levels: ['low'], resampler: 'pooling' }, states, llm);
  return shapes['mfam.low.projection.0.weight']![0]!;
}

/** Parameter shapes of the levels the configuration names, by key. */
export function mfamShapes(
  config: MfamConfig,
  states: StatesSize,
  llm: Pick<LlmConfig, 'hiddenSize'>,
): Record<string, number[]> {
  const shapesOf = (level: Level): Record<string, number[]> => {
    if (level === 'thematic') return thematicShapes(config, states.width, llm);
    const qformer = qformerShapes(config, level, states.width, llm);
    if (config.resampler !== 'pooling') return qformer;
    const numWeights = Object.values(qformer).reduce((sum, shape) => sum + sizeOf(shape), 0);
    return pooledShapes(config, level, states, llm, numWeights);
  };
  return Object.assign({}, ...config.levels.map(shapesOf)) as Record<string, number[]>;
}

type AddDense = (key: string, output: number, input: number) => void;

const addTo =
  (shapes: Record<string, number[]>): AddDense =>
  (key, output, input) => {
    shapes[`${key}.weight`] = [output, input];
    shapes[`${key}.bias`] = [output];
  };

function thematicShapes(config: MfamConfig, visionWidth: number, llm: Pick<LlmConfig, 'hiddenSize'>) {
  const shapes: Record<string, number[]> = {};
  const dense = addTo(shapes);
  if (config.projector === 'mlp2x_gelu') {
    // LLaVA's nn.Sequential: 0 and 2 are the layers, 1 is the GELU.
    dense('mfam.thematic.0', projectorSize(config, llm), visionWidth);
    dense('mfam.thematic.2', llm.hiddenSize, projectorSize(config, llm));
  } else dense('mfam.thematic', llm.hiddenSize, visionWidth);
  return shapes;
}

/** Parameter shapes of one level's Q-Former, by key. */
export function qformerShapes(
  config: MfamConfig,
  level: QFormerLevel,
  visionWidth: number,
  llm: Pick<LlmConfig, 'hiddenSize'>,
): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  const dense = addTo(shapes);
  const d = config.hiddenSize;
  const norm = (key: string): void => {
    shapes[`${key}.weight`] = [d];
    shapes[`${key}.bias`] = [d];
  };
  const root = `mfam.${level}`;
  shapes[`${root}.query_tokens`] = [1, config.queries, d];
  norm(`${root}.qformer.layernorm`);
  for (let i = 0; i < config.numLayers; i++) {
    const layer = `${root}.qformer.encoder.layer.${i}`;
    for (const name of ['query', 'key', 'value']) dense(`${layer}.attention.attention.${name}`, d, d);
    dense(`${layer}.attention.output.dense`, d, d);
    norm(`${layer}.attention.output.LayerNorm`);
    if (hasCrossAttention(config, i)) {
      dense(`${layer}.crossattention.attention.query`, d, d);
      for (const name of ['key', 'value']) dense(`${layer}.crossattention.attention.${name}`, d, visionWidth);
      dense(`${layer}.crossattention.output.dense`, d, d);
      norm(`${layer}.crossattention.output.LayerNorm`);
    }
    dense(`${layer}.intermediate_query.dense`, config.mlpSize, d);
    dense(`${layer}.output_query.dense`, d, config.mlpSize);
    norm(`${layer}.output_query.LayerNorm`);
  }
  dense(`${root}.projection`, llm.hiddenSize, d);
  return shapes;
}

/** [B, T, Dv] -> [B, T - 1, Dv]. */
function withoutCls(visual: Tensor): Tensor {
  const [batch, tokens, width] = visual.shape as [number, number, number];
  return visual.slice([0, 1, 0], [batch, tokens - 1, width]);
}

/** Thematic tokens: hidden state [B, T, Dv] without CLS -> [B, T - 1, D]. */
export function thematicTokens(
  parameters: Parameters,
  { projector }: Pick<MfamConfig, 'projector'>,
  visual: Tensor,
): Tensor {
  const patches = withoutCls(visual);
  const layer = (input: Tensor, key: string): Tensor =>
    linear(input, parameters.get(`${key}.weight`), parameters.get(`${key}.bias`), parameters.numShards);
  if (projector === 'mlp2x_gelu') return layer(activations.gelu(layer(patches, 'mfam.thematic.0')), 'mfam.thematic.2');
  return layer(patches, 'mfam.thematic');
}

/** Told of a layer's cross-attention: its queries [B, Q, Dq] and keys [B, T, Dq], or T - 1 where CLS is not seen. */
export type CrossAttentionWatch = (layer: number, queries: Tensor, keys: Tensor) => void;

/**
 * One Q-Former (post-norm, as BERT): hidden state [B, T, Dv] -> [B, Q, D].
 * @param watch Nothing is computed for it. @default nobody is told
 */
export function qformerTokens(
  parameters: Parameters,
  config: MfamConfig,
  level: QFormerLevel,
  visual: Tensor,
  watch?: CrossAttentionWatch,
): Tensor {
  const { numShards } = parameters;
  const get = (key: string) => parameters.get(`mfam.${level}.${key}`);
  const eps = config.layerNormEps;
  const activate = activations[config.activation];
  const queries = perSample(get('query_tokens'), visual.shape[0], numShards);
  const start = layerNorm(queries, get('qformer.layernorm.weight'), get('qformer.layernorm.bias'), eps, numShards);
  const layer = (i: number, layerInput: Tensor): Tensor => {
    let x = layerInput;
    const of = (key: string) => get(`qformer.encoder.layer.${i}.${key}`);
    const dense = (input: Tensor, key: string): Tensor =>
      linear(input, of(`${key}.weight`), of(`${key}.bias`), numShards);
    const many = (input: Tensor, keys: readonly string[]): Tensor[] =>
      linears(
        input,
        keys.map((k) => of(`${k}.weight`)),
        keys.map((k) => of(`${k}.bias`)),
        numShards,
      );
    const addNorm = (input: Tensor, key: string): Tensor =>
      layerNorm(x.add(input), of(`${key}.LayerNorm.weight`), of(`${key}.LayerNorm.bias`), eps, numShards);

    const own = ['query', 'key', 'value'].map((n) => `attention.attention.${n}`);
    const [q, k, v] = many(x, own) as [Tensor, Tensor, Tensor];
    x = addNorm(dense(attention(q, k, v, config.numHeads), 'attention.output.dense'), 'attention.output');
    if (hasCrossAttention(config, i)) {
      const seen = config.seesCls ? visual : withoutCls(visual);
      const cross = dense(x, 'crossattention.attention.query');
      const [ck, cv] = many(seen, ['crossattention.attention.key', 'crossattention.attention.value']) as [
        Tensor,
        Tensor,
      ];
      watch?.(i, cross, ck);
      x = addNorm(
        dense(attention(cross, ck, cv, config.numHeads), 'crossattention.output.dense'),
        'crossattention.output',
      );
    }
    x = addNorm(dense(activate(dense(x, 'intermediate_query.dense')), 'output_query.dense'), 'output_query');
    return x;
  };
  let x = start;
  for (let i = 0; i < config.numLayers; i++)
    x = recomputed(parameters, `mfam.${level}.qformer.encoder.layer.${i}.`, x, (input) => layer(i, input));
  return linear(x, get('projection.weight'), get('projection.bias'), numShards);
}

/** Vision-language tokens of each configured level for the hidden states it taps. */
export function mfamTokens(
  parameters: Parameters,
  config: MfamConfig,
  visual: Readonly<Partial<Record<Level, Tensor>>>,
): Partial<Record<Level, Tensor>> {
  const tokensOf = (level: Level): Tensor => {
    const states = visual[level]!;
    if (level === 'thematic') return thematicTokens(parameters, config, states);
    if (config.resampler === 'pooling')
      return pooledTokens(parameters, level, config.seesCls ? states : withoutCls(states));
    return qformerTokens(parameters, config, level, states);
  };
  return Object.fromEntries(config.levels.map((level) => [level, tokensOf(level)]));
}
