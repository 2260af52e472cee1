// What the Q-Formers of a trained MFAM attend to: the probabilities of the last cross-attention of each level over the ViT's
// tokens, averaged over heads and queries (docs/model.md#attention-maps). They are computed beside the forward pass from its
// own queries and keys, so the pass itself, fused or not, is the one that trains and answers.
// Shapes: B = batch, H = heads, Q = queries, T = tokens seen, d = size of a head.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LlmConfig, MfamConfig, QFormerLevel } from '@calm-orch/core';
import { createProgram, tf, type Engine } from '@calm-orch/engine';
import { softmax } from '../layers/layers.ts';
import { frozenParameters } from '../layers/parameter.ts';
import { valuesOf, type WeightReader, type Weights } from '../training/shard-gradients.ts';
import { mfamShapes, qformerTokens } from './mfam.ts';
import type { Taps } from './taps.ts';
import { visualBatch, visualOf, visualSpec } from './visual-inputs.ts';

export interface AttentionMap {
  readonly level: QFormerLevel;
  /** Hidden state of the ViT that the level reads. */
  readonly tap: number;
  /** Patches a side. */
  readonly side: number;
  /** side * side shares, row by row from the top left; with `cls` they add up to 1. */
  readonly patches: readonly number[];
  /** Share of the CLS token, which stands for no place; null: the level does not see it. */
  readonly cls: number | null;
}

export interface AttentionSpec {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly weights: Weights | WeightReader;
  readonly taps: Taps;
}

/** Of the photograph at `row` of the taps, in order of levels. Levels without a Q-Former attend to nothing and have no map. */
export async function attentionMaps(
  engine: Engine,
  { mfam, llm, weights, taps }: AttentionSpec,
  row: number,
): Promise<AttentionMap[]> {
  const levels = mfam.levels.filter((level): level is QFormerLevel => level !== 'thematic');
  if (mfam.resampler === 'pooling' || levels.length === 0) return [];
  const shapes = mfamShapes({ ...mfam, levels }, taps, llm);
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      attend: {
        inputs: visualSpec({ ...mfam, levels }, taps, 1),
        body: (variables, inputs) => {
          const visual = visualOf({ ...mfam, levels }, inputs);
          const parameters = frozenParameters(variables);
          const maps = levels.map((level) => [level, lastAttention(parameters, mfam, level, visual[level]!)] as const);
          return { outputs: Object.fromEntries(maps) };
        },
      },
    },
  });
  try {
    for (const [key, shape] of Object.entries(shapes)) program.assign(key, valuesOf(weights, key, shape));
    await taps.prepare?.([row]);
    const output = program.run('attend', visualBatch({ ...mfam, levels }, taps, [row]));
    return levels.map((level) => {
      const shares = [...output[level]!];
      const patches = mfam.seesCls ? shares.slice(1) : shares;
      const cls = mfam.seesCls ? shares[0]! : null;
      return { level, tap: mfam.taps[level], side: Math.sqrt(patches.length), patches, cls };
    });
  } finally {
    program.dispose();
  }
}

/** [B, T]: the mean over heads and queries. */
function lastAttention(
  parameters: ReturnType<typeof frozenParameters>,
  config: MfamConfig,
  level: QFormerLevel,
  visual: Tensor,
): Tensor {
  let last: Tensor | undefined;
  qformerTokens(parameters, config, level, visual, (_, queries, keys) => {
    last = attentionProbabilities(queries, keys, config.numHeads).mean([1, 2]);
  });
  return last!;
}

/** [B, H, Q, T] of queries [B, Q, H*d] and keys [B, T, H*d]: the weights of `attention`, whose output leaves them out. */
export function attentionProbabilities(queries: Tensor, keys: Tensor, numHeads: number): Tensor {
  const headSize = queries.shape[2]! / numHeads;
  const heads = (x: Tensor): Tensor => x.reshape([x.shape[0], x.shape[1]!, numHeads, headSize]).transpose([0, 2, 1, 3]);
  return softmax(tf.matMul(heads(queries).mul(1 / Math.sqrt(headSize)), heads(keys), false, true));
}
