// How the embedded default's frozen ViT comes to be: contrastive matching of photographs and captions (Radford et al.
// 2021) on studio scenes, each seen in two views taken differently, plus a term that pulls the last layer's tokens of
// the two views together. So the last layer forgets how well a picture was taken; early layers still know.
// The loss couples the whole batch, so this stage has one shard.
import type { Tensor } from '@tensorflow/tfjs-core';
import { rng, type VisionConfig } from '@calm-orch/core';
import { appearanceClause, clipMean, clipStd, contentCaption, photoView, studioScene } from '@calm-orch/datasets';
import { tf, type Engine, type Values } from '@calm-orch/engine';
import {
  createShardedStep,
  crossEntropy,
  fanInDeviation,
  hiddenStates,
  initialWeights,
  linear,
  stopGradient,
  visionShapes,
  type Parameters,
  type Shapes,
  type Tokenizer,
  type ShardedStep,
  type Weights,
} from '@calm-orch/model';

export interface VisionPretraining {
  /** Scenes per step; each is seen twice. */
  readonly batchSize: number;
  readonly steps: number;
  readonly peakLearningRate: number;
  /** Share of captions that also say how the photograph looks. */
  readonly appearanceShare: number;
  readonly consistencyWeight: number;
  readonly seed: number;
}

const captionTokens = 32;
const textWidth = 64;
/** CLIP's initial temperature is 1/0.07; held here. */
const logitScale = 10;

export function visionPretrainingShapes(vision: VisionConfig, vocabSize: number): Shapes {
  return {
    ...visionShapes(vision),
    'image_projection.weight': [textWidth, vision.hiddenSize],
    'word_embeddings.weight': [vocabSize, textWidth],
    'text_projection.weight': [textWidth, textWidth],
  };
}

const normalized = (x: Tensor): Tensor => x.mul(x.square().sum(-1, true).add(1e-6).rsqrt());

/** Words as a bag: [B, V] frequencies -> [B, textWidth]. */
function textFeatures(parameters: Parameters, bags: Tensor): Tensor {
  const table = parameters.get('word_embeddings.weight');
  const words = linear(
    bags,
    { base: table.base.transpose(), ...(table.perShard && { perShard: table.perShard.transpose([0, 2, 1]) }) },
    undefined,
    1,
  );
  return normalized(linear(words, parameters.get('text_projection.weight'), undefined, 1));
}

export function createVisionPretraining(
  engine: Engine,
  vision: VisionConfig,
  vocabSize: number,
  recipe: VisionPretraining,
): ShardedStep {
  const { batchSize: b, consistencyWeight } = recipe;
  const loss = (parameters: Parameters, inputs: Readonly<Record<string, Tensor>>): Tensor => {
    const last = hiddenStates(parameters, vision, inputs.pixels!).at(-1)!;
    const image = normalized(linear(last.mean(1), parameters.get('image_projection.weight'), undefined, 1));
    const text = textFeatures(parameters, inputs.bags!);
    const contrast = (i: Tensor, t: Tensor): Tensor => {
      const logits = tf.matMul(i as never, t as never, false, true).mul(logitScale);
      const diagonal = tf.range(0, b, 1, 'int32');
      const mean = tf.fill([b], 0.5 / b);
      return crossEntropy(logits, diagonal, mean).add(crossEntropy(logits.transpose(), diagonal, mean));
    };
    const [image1, image2] = tf.split(image, 2) as [Tensor, Tensor];
    const [text1, text2] = tf.split(text, 2) as [Tensor, Tensor];
    const [view1, view2] = tf.split(last, 2) as [Tensor, Tensor];
    // Relative to the spread of the tokens over the batch, which is treated as a constant.
    const centred = last.sub(last.mean([0, 1], true));
    const variance = stopGradient(centred.square().mean());
    const consistency = view1.sub(view2).square().mean().div(variance.add(1e-4));
    return contrast(image1, text1).add(contrast(image2, text2)).mul(0.5).add(consistency.mul(consistencyWeight));
  };
  const side = vision.imageSize;
  return createShardedStep(engine, {
    trainable: visionPretrainingShapes(vision, vocabSize),
    frozen: {},
    numShards: 1,
    steps: {
      match: {
        inputs: {
          pixels: { shape: [2 * b, 3, side, side], dtype: 'float32' },
          bags: { shape: [2 * b, vocabSize], dtype: 'float32' },
        },
        loss,
      },
    },
  });
}

export function initialVisionWeights(vision: VisionConfig, vocabSize: number, seed: number): Weights {
  return initialWeights(visionPretrainingShapes(vision, vocabSize), seed, fanInDeviation);
}

/** The batch of a step: a function of (seed, step) alone. View 1 of every scene, then view 2. */
export function visionBatch(
  vision: VisionConfig,
  tokenizer: Tokenizer,
  recipe: VisionPretraining,
  step: number,
): Record<string, Values> {
  const { batchSize, seed } = recipe;
  const side = vision.imageSize;
  const plane = side * side;
  const pixels = new Float32Array(2 * batchSize * 3 * plane);
  const bags = new Float32Array(2 * batchSize * tokenizer.vocabSize);
  for (let i = 0; i < batchSize; i++) {
    const id = step * batchSize + i;
    const scene = studioScene(seed, 'foundation', id);
    const content = contentCaption(scene, rng('foundation', seed, id, 'caption'));
    for (const view of [0, 1]) {
      const row = view * batchSize + i;
      const random = rng('foundation', seed, id, 'view', view);
      const { image, degradation } = photoView(scene, random, side);
      for (let p = 0; p < plane; p++)
        for (let c = 0; c < 3; c++)
          pixels[(row * 3 + c) * plane + p] = (image[p * 3 + c]! - clipMean[c]!) / clipStd[c]!;
      const looks = random.uniform() < recipe.appearanceShare ? appearanceClause(degradation, random) : '';
      const words = tokenizer.encode(`${content} ${looks}`).slice(0, captionTokens);
      for (const word of words) bags[row * tokenizer.vocabSize + word]! += 1 / Math.sqrt(words.length);
    }
  }
  return { pixels, bags };
}
