// The layers of layers.ts as single operations of the engine, forward and backward: for compiled graphs on processors that
// have them. Same shapes, other last bits; a row has the same bits among any others, whatever the threads.
import type { Tensor } from '@tensorflow/tfjs-core';
import { graphOperation, tf } from '@calm-orch/engine';
import type { AttentionOptions } from './attention.ts';
import { trainable, type Parameter } from './parameter.ts';

interface Forward {
  readonly values: Tensor[];
  /** Intermediates the gradient needs. */
  readonly saved: readonly Tensor[];
  /** From the gradients of the values to those of the arguments. */
  readonly gradient: (dys: readonly Tensor[], saved: readonly Tensor[]) => Tensor[];
}

/** As `tf.customGrad`, for functions with several results. */
function custom(f: () => Forward, args: readonly Tensor[]): Tensor[] {
  let gradient: Forward['gradient'];
  const engine = tf.engine() as unknown as {
    runKernelFunc(kernel: {
      forwardFunc: (backend: unknown, save: (tensors: readonly Tensor[]) => void) => Tensor[];
      backwardsFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => Record<string, () => Tensor>;
      inputs: Record<string, Tensor>;
    }): Tensor[];
  };
  return engine.runKernelFunc({
    forwardFunc: (_, save) => {
      const forward = f();
      gradient = forward.gradient;
      save(forward.saved);
      return forward.values;
    },
    backwardsFunc: (dy, saved) =>
      Object.fromEntries(gradient([dy].flat(), saved).map((each, i) => [String(i), () => each])),
    inputs: Object.fromEntries(args.map((arg, i) => [String(i), arg])),
  });
}

const withLast = ({ shape }: Tensor, last: number): number[] => [...shape.slice(0, -1), last];

export function linears(
  x: Tensor,
  weights: readonly Parameter[],
  biases: readonly Parameter[],
  numShards: number,
): Tensor[] {
  const n = { N: { int: weights.length } };
  const m = { M: { int: biases.length } };
  const bases = weights.map(({ base }) => base);
  const outputs = bases.map(({ shape }) => shape[0]);
  const width = x.shape.at(-1)!;
  const forward = (): Forward => ({
    values: graphOperation(
      'CalmLinear',
      [x, ...bases, ...biases.map(({ base }) => base)],
      { ...n, ...m },
      outputs.map((output) => withLast(x, output)),
    ),
    saved: [x, ...bases],
    gradient: (dys, [x, ...bases]) => {
      const [dx] = graphOperation('CalmLinearInputGradient', [...bases, ...dys], n, [x!.shape]);
      const gradients = graphOperation(
        'CalmLinearWeightGradient',
        [x!, ...dys],
        { ...n, ...m, shards: { int: numShards } },
        [...outputs.map((output) => [numShards, output, width]), ...biases.map((_, i) => [numShards, outputs[i]!])],
      );
      return [dx!, ...gradients.filter((_, i) => [...weights, ...biases][i]!.perShard)];
    },
  });
  return custom(forward, [x, ...trainable(weights), ...trainable(biases)]);
}

/** Layer normalisation; of root mean square where there is no bias. */
export function norm(
  x: Tensor,
  gain: Parameter,
  bias: Parameter | undefined,
  epsilon: number,
  numShards: number,
): Tensor {
  const kind = { M: { int: bias === undefined ? 0 : 1 }, centred: { bool: bias !== undefined } };
  const width = x.shape.at(-1)!;
  const forward = (): Forward => {
    const [y, normal, scale] = graphOperation(
      'CalmNorm',
      [x, gain.base, ...(bias === undefined ? [] : [bias.base])],
      { ...kind, epsilon: { float: epsilon } },
      [x.shape, x.shape, withLast(x, 1)],
    );
    return {
      values: [y!],
      saved: [normal!, scale!, gain.base],
      gradient: ([dy], saved) => {
        const shapes = [dy!.shape, [numShards, width], ...(bias === undefined ? [] : [[numShards, width]])];
        const attrs = { ...kind, shards: { int: numShards } };
        const [dx, ...gradients] = graphOperation('CalmNormGradient', [dy!, ...saved], attrs, shapes);
        return [dx!, ...gradients.filter((_, i) => [gain, bias][i]!.perShard)];
      },
    };
  };
  return custom(forward, [x, ...trainable([gain, bias])])[0]!;
}

export function gate(kind: 'gelu' | 'quick_gelu', x: Tensor): Tensor {
  const attrs = { gate: { string: kind } };
  const forward = (): Forward => ({
    values: graphOperation('CalmGate', [x], attrs, [x.shape]),
    saved: [x],
    gradient: ([dy], [x]) => graphOperation('CalmGateGradient', [dy!, x!], attrs, [x!.shape]),
  });
  return custom(forward, [x])[0]!;
}

export function swiglu(gate: Tensor, up: Tensor): Tensor {
  const forward = (): Forward => ({
    values: graphOperation('CalmSwiglu', [gate, up], {}, [up.shape]),
    saved: [gate, up],
    gradient: ([dy], saved) => graphOperation('CalmSwigluGradient', [dy!, ...saved], {}, [up.shape, up.shape]),
  });
  return custom(forward, [gate, up])[0]!;
}

export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  numHeads: number,
  { causal = false, rotary, numKeyValueHeads = numHeads }: AttentionOptions,
): Tensor {
  const tables = rotary === undefined ? [] : [rotary.cos, rotary.sin];
  const attrs = {
    M: { int: tables.length },
    heads: { int: numHeads },
    key_value_heads: { int: numKeyValueHeads },
    causal: { bool: causal },
  };
  const shapes = [q.shape, k.shape, v.shape];
  const forward = (): Forward => {
    const weightShape = [q.shape[0], numHeads, q.shape[1]!, k.shape[1]!];
    const [y, weights] = graphOperation('CalmAttention', [q, k, v, ...tables], attrs, [q.shape, weightShape]);
    return {
      values: [y!],
      saved: [q, k, v, weights!, ...tables],
      gradient: ([dy], [q, k, v, weights, ...tables]) =>
        graphOperation('CalmAttentionGradient', [q!, k!, v!, weights!, dy!, ...tables], attrs, shapes),
    };
  };
  return custom(forward, [q, k, v])[0]!;
}

export function tokenCrossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  const forward = (): Forward => ({
    values: graphOperation('CalmCrossEntropy', [logits, targets, weights], {}, [weights.shape]),
    saved: [logits, targets, weights],
    gradient: ([dy], saved) => graphOperation('CalmCrossEntropyGradient', [...saved, dy!], {}, [logits.shape]),
  });
  return custom(forward, [logits])[0]!;
}

/** Gradients [S, ...shape], each summed over its shards in the fixed binary tree: the sums one after the other, flat. */
export function treeSums(gradients: readonly Tensor[]): Tensor {
  const size = gradients.reduce((sum, gradient) => sum + gradient.size / gradient.shape[0], 0);
  return graphOperation('CalmTreeSum', gradients, { N: { int: gradients.length } }, [[size]])[0]!;
}
