// Activation recomputation (Chen et al. 2016): of a layer only its input is kept; the backward pass computes the layer again
// before it differentiates it. The same arithmetic twice, so the same bits.
import type { Tensor } from '@tensorflow/tfjs-core';
import { computedAfter, tf } from '@calm-orch/engine';
import { custom } from '../layers/layers.ts';
import type { Parameters } from '../layers/parameter.ts';

/** layer(x), for a layer whose parameters have names that begin with `prefix` and that needs gradients of no other. */
export function recomputed(
  parameters: Parameters,
  prefix: string,
  x: Tensor,
  layer: (input: Tensor) => Tensor,
): Tensor {
  const trained = parameters.recomputed?.(prefix);
  if (trained === undefined) return layer(x);
  return custom(
    (input) => ({
      value: layer(input),
      saved: [input],
      gradient: (dy, kept) => nestedGradients(layer, trained, computedAfter(kept, dy), dy),
    }),
    [x, ...trained],
  );
}

function nestedGradients(
  layer: (input: Tensor) => Tensor,
  trained: readonly Tensor[],
  x: Tensor,
  dy: Tensor,
): Tensor[] {
  const engine = tf.engine();
  // Differentiation within differentiation: tfjs would drop the tape of the outer one.
  const { activeTape } = engine.state;
  try {
    return engine.gradients(() => layer(x), [x, ...trained], dy).grads;
  } finally {
    engine.state.activeTape = activeTape;
  }
}
