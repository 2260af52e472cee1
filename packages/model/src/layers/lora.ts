// Low-rank adaptation of the language model (Hu et al. 2022): y = x W' + alpha / rank x A' B', W frozen, A [r, in] and
// B [out, r] trained. Names and files are PEFT's, so that it loads what is saved here; merged, the model is a LLaMA again.
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError, rng, writeFileAtomic, type LlmConfig, type LoraConfig } from '@calm-orch/core';
import { tf } from '@calm-orch/engine';
import { linear as plainLinear, linears as plainLinears, mulConstant } from './layers.ts';
import { llmShapes } from './llama.ts';
import type { Parameter, Parameters } from './parameter.ts';
import { writeSafetensors, type NamedTensor } from '../checkpoints/safetensors.ts';
import type { Shapes, Weights } from '../training/shard-gradients.ts';

const linearMap = /^(llm\.model\.layers\.\d+\.(?:self_attn|mlp)\.(\w+))\.weight$/;

/** `llm.model.layers.0.self_attn.q_proj` for the weight of a target; undefined for all others. */
function targetOf(key: string, { targets }: LoraConfig): string | undefined {
  const [, module, name] = linearMap.exec(key) ?? [];
  return (targets as readonly (string | undefined)[]).includes(name) ? module : undefined;
}
const factorKeys = (module: string) => [`${module}.lora_A.weight`, `${module}.lora_B.weight`] as const;

/** Shapes of the factors by key, `llm.model.layers.0.self_attn.q_proj.lora_A.weight` and so on. */
export function loraShapes(llm: LlmConfig, lora: LoraConfig): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(llmShapes(llm)).flatMap(([key, [output, input]]): [string, number[]][] => {
      const module = targetOf(key, lora);
      if (module === undefined) return [];
      const [a, b] = factorKeys(module);
      return [
        [a, [lora.rank, input!]],
        [b, [output!, lora.rank]],
      ];
    }),
  );
}

/** Factors whose product is zero: A uniform within 1 / sqrt(in), as PEFT's, B zero. A function of (seed, key) only. */
export function initialLora(shapes: Shapes, seed: number): Weights {
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const values = new Float32Array(shape[0]! * shape[1]!);
      if (key.endsWith('.lora_A.weight')) {
        const random = rng('lora', seed, key);
        const bound = 1 / Math.sqrt(shape[1]!);
        for (let i = 0; i < values.length; i++) values[i] = bound * (2 * random.uniform() - 1);
      }
      return [key, { shape, values }];
    }),
  );
}

/** The same parameters, the targets with their factors. */
export function withLora(parameters: Parameters, lora: LoraConfig): Parameters {
  return {
    ...parameters,
    get: (name) => {
      const parameter = parameters.get(name);
      const module = targetOf(name, lora);
      if (module === undefined) return parameter;
      const [a, b] = factorKeys(module).map((key) => parameters.get(key)) as [Parameter, Parameter];
      return { ...parameter, adapter: { a, b, scale: lora.alpha / lora.rank } };
    },
  };
}

/** layers.ts' `linears`, with the low-rank terms of the weights that have one: a tensor for each weight. */
export function linears(
  x: Tensor,
  weights: readonly Parameter[],
  biases: readonly Parameter[],
  numShards: number,
): Tensor[] {
  return plainLinears(x, weights, biases, numShards).map((y, i) => {
    const { adapter } = weights[i]!;
    if (adapter === undefined) return y;
    const low = plainLinear(x, adapter.a, undefined, numShards);
    return y.add(mulConstant(plainLinear(low, adapter.b, undefined, numShards), tf.scalar(adapter.scale)));
  });
}

export function linear(x: Tensor, weight: Parameter, bias: Parameter | undefined, numShards: number): Tensor {
  return linears(x, [weight], bias === undefined ? [] : [bias], numShards)[0]!;
}

/**
 * The weight `key` with its factors' product added, as a new tensor; the weight itself where it is no target.
 * @throws CalmError `bad_data` where a factor is missing.
 */
export function mergeLora(key: string, base: NamedTensor, factors: Weights, lora: LoraConfig): NamedTensor {
  const module = targetOf(key, lora);
  if (module === undefined) return base;
  const [a, b] = factorKeys(module).map((name) => {
    const found = factors[name];
    if (found === undefined) throw new CalmError('bad_data', `adapter: ${name} is missing`);
    return found.values;
  }) as [Float32Array, Float32Array];
  const [output, input] = base.shape as [number, number];
  const scale = lora.alpha / lora.rank;
  const values = base.values.slice();
  for (let o = 0; o < output; o++)
    for (let r = 0; r < lora.rank; r++) {
      const factor = scale * b[o * lora.rank + r]!;
      if (factor !== 0) for (let i = 0; i < input; i++) values[o * input + i]! += factor * a[r * input + i]!;
    }
  return { shape: base.shape, values };
}

/** Writes adapter_model.safetensors and adapter_config.json, which PEFT's `PeftModel.from_pretrained` reads. */
export function writeAdapter(dir: string, factors: Weights, lora: LoraConfig, baseModel = ''): void {
  const tensors = Object.entries(factors).map(([key, tensor]) => [peftKey(key), tensor] as const);
  writeSafetensors(join(dir, 'adapter_model.safetensors'), Object.fromEntries(tensors), { format: 'pt' });
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    inference_mode: true,
    r: lora.rank,
    lora_alpha: lora.alpha,
    target_modules: lora.targets,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
  };
  writeFileAtomic(join(dir, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** `llm.model.layers...` -> `base_model.model.model.layers...`. */
export const peftKey = (key: string): string => `base_model.model.${key.slice('llm.'.length)}`;
