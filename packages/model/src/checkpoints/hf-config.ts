// config.json of the two pretrained models, read into our configuration and written back. What our code does not
// compute (other head sizes, scaled positions, biases) is refused here, by name, not met as a wrong number later.
import { join } from 'node:path';
import { CalmError, readJson, type LlmConfig, type VisionConfig } from '@calm-orch/core';

type Fields = Readonly<Record<string, unknown>>;

/** LLaMA's configuration and whether its output layer is its embedding. */
export interface LlmFolder {
  readonly llm: LlmConfig;
  readonly tiedEmbeddings: boolean;
}

function readFields(path: string): Fields {
  const json = readJson(path);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Fields;
  throw new CalmError('bad_data', `${path}: expected a JSON object`);
}

/** Reads positive numbers from `fields`, with transformers' own default where it has one. */
const numbersOf =
  (path: string, fields: Fields) =>
  (name: string, fallback?: number, whole = true): number => {
    const value = fields[name] ?? fallback;
    if (typeof value !== 'number' || !(value > 0) || (whole && !Number.isInteger(value)))
      throw new CalmError(
        'bad_data',
        `${path}: ${name} should be a positive ${whole ? 'integer' : 'number'}, got ${JSON.stringify(value)}`,
      );
    return value;
  };

const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

function expectValue(path: string, name: string, value: unknown, allowed: readonly unknown[]): void {
  if (value !== undefined && value !== null && !allowed.includes(value))
    throw new CalmError(
      'bad_data',
      `${path}: ${name} is ${JSON.stringify(value)}; this program computes ${allowed.map((v) => JSON.stringify(v)).join(' or ')} only`,
    );
}

/** What transformers leaves out of a config.json because its LlamaConfig, or MistralConfig, has it by default. */
const llama = {
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  intermediate_size: 11008,
  vocab_size: 32000,
  max_position_embeddings: 2048,
};
const mistral = { ...llama, intermediate_size: 14336, num_key_value_heads: 8, max_position_embeddings: 131072 };

/** @throws CalmError `bad_data` naming the field this program cannot compute with. */
export function readLlmConfig(dir: string): LlmFolder {
  const path = join(dir, 'config.json');
  const file = readFields(path);
  const fields = (file.text_config as Fields | undefined) ?? file;
  const number = numbersOf(path, { ...(fields.model_type === 'mistral' ? mistral : llama), ...withoutNulls(fields) });
  // LLaVA and Mistral files name other types over the same architecture; what differs shows in the keys and fields.
  expectValue(path, 'hidden_act', fields.hidden_act, ['silu']);
  for (const name of ['attention_bias', 'mlp_bias']) expectValue(path, name, fields[name], [false]);
  const rope = (fields.rope_parameters ?? {}) as Fields;
  expectValue(path, 'rope_parameters.rope_type', rope.rope_type, ['default']);
  if (fields.rope_scaling !== undefined && fields.rope_scaling !== null) {
    const { rope_type: type, type: oldType } = fields.rope_scaling as Fields;
    expectValue(path, 'rope_scaling', type ?? oldType ?? fields.rope_scaling, ['default']);
  }
  const hiddenSize = number('hidden_size');
  const numHeads = number('num_attention_heads');
  const numKeyValueHeads = number('num_key_value_heads', numHeads);
  const headSize = number('head_dim', hiddenSize / numHeads, false);
  if (headSize !== hiddenSize / numHeads || headSize % 2 !== 0)
    throw new CalmError(
      'bad_data',
      `${path}: head_dim should be hidden_size / num_attention_heads and even (${hiddenSize} / ${numHeads}), got ${headSize}`,
    );
  if (numHeads % numKeyValueHeads !== 0)
    throw new CalmError(
      'bad_data',
      `${path}: num_key_value_heads should divide num_attention_heads (${numHeads}), got ${numKeyValueHeads}`,
    );
  const ropeTheta = numbersOf(path, { rope_theta: rope.rope_theta ?? fields.rope_theta })('rope_theta', 10000, false);
  return {
    tiedEmbeddings: (fields.tie_word_embeddings ?? file.tie_word_embeddings) === true,
    llm: {
      hiddenSize,
      numLayers: number('num_hidden_layers'),
      numHeads,
      numKeyValueHeads,
      mlpSize: number('intermediate_size'),
      vocabSize: number('vocab_size'),
      rmsNormEps: number('rms_norm_eps', 1e-6, false),
      ropeTheta,
      maxPositions: number('max_position_embeddings'),
    },
  };
}

/** The vision tower's part, of a tower alone or of a whole CLIPModel. @throws CalmError `bad_data`. */
export function readVisionConfig(dir: string): VisionConfig {
  const path = join(dir, 'config.json');
  const file = readFields(path);
  const fields = (file.vision_config as Fields | undefined) ?? file;
  // CLIPVisionConfig writes what differs from its defaults, which are ViT-B/32's.
  const number = numbersOf(path, fields);
  expectValue(path, 'hidden_act', fields.hidden_act, ['quick_gelu', 'gelu']);
  expectValue(path, 'num_channels', fields.num_channels, [3]);
  const config: VisionConfig = {
    imageSize: number('image_size', 224),
    patchSize: number('patch_size', 32),
    hiddenSize: number('hidden_size', 768),
    numLayers: number('num_hidden_layers', 12),
    numHeads: number('num_attention_heads', 12),
    mlpSize: number('intermediate_size', 3072),
    activation: (fields.hidden_act ?? 'quick_gelu') as VisionConfig['activation'],
    layerNormEps: number('layer_norm_eps', 1e-5, false),
  };
  const { imageSize, patchSize, hiddenSize, numHeads } = config;
  if (imageSize % patchSize !== 0 || hiddenSize % numHeads !== 0)
    throw new CalmError(
      'bad_data',
      `${path}: patch_size should divide image_size (${patchSize}, ${imageSize}) and num_attention_heads hidden_size (${numHeads}, ${hiddenSize})`,
    );
  return config;
}

/** config.json of a LlamaForCausalLM; ids of LLaMA's tokenizer, padding with `<unk>` as LLaVA does. */
export const llmConfigJson = (config: LlmConfig): Fields => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: config.hiddenSize,
  num_hidden_layers: config.numLayers,
  num_attention_heads: config.numHeads,
  num_key_value_heads: config.numKeyValueHeads,
  intermediate_size: config.mlpSize,
  vocab_size: config.vocabSize,
  rms_norm_eps: config.rmsNormEps,
  rope_theta: config.ropeTheta,
  max_position_embeddings: config.maxPositions,
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: false,
  torch_dtype: 'float32',
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
});

/** config.json of a CLIPVisionModel. */
export const visionConfigJson = (config: VisionConfig): Fields => ({
  architectures: ['CLIPVisionModel'],
  model_type: 'clip_vision_model',
  hidden_size: config.hiddenSize,
  num_hidden_layers: config.numLayers,
  num_attention_heads: config.numHeads,
  intermediate_size: config.mlpSize,
  image_size: config.imageSize,
  patch_size: config.patchSize,
  num_channels: 3,
  hidden_act: config.activation,
  layer_norm_eps: config.layerNormEps,
  torch_dtype: 'float32',
});
