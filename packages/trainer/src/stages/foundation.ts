// Rebuilds the embedded default's foundation: the ViT from photographs and captions, the language model from text, and
// the statistics that standardise hidden states. Run by experiments/foundation.yaml only; every other run reads the
// checkpoint carried in assets/. Both halves save checkpoints, in folders of their own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StageContext, StageFunction, TrialConfig, VisionConfig } from '@calm-orch/core';
import { vocabularyWords } from '@calm-orch/datasets';
import { createProgram, startEngine, type Engine } from '@calm-orch/engine';
import {
  frozenParameters,
  hiddenStates,
  openLanguage,
  readSafetensors,
  visionShapes,
  writeSafetensors,
  type Weights,
} from '@calm-orch/model';
import {
  createLanguagePretraining,
  initialLanguageWeights,
  languageBatch,
  taskOfStep,
} from '../foundation/language-pretraining.ts';
import {
  createVisionPretraining,
  initialVisionWeights,
  visionBatch,
  type VisionPretraining,
} from '../foundation/vision-pretraining.ts';
import { fingerprintOf, select, writeWeights } from '../training/model-weights.ts';
import { trainLoop } from '../training/train-loop.ts';

type FoundationConfig = Pick<TrialConfig, 'vision' | 'llm' | 'seed'>;

/** The recipe; docs/foundation.md has what was tried. */
const visionRecipe = {
  batchSize: 32,
  steps: 700,
  peakLearningRate: 1e-3,
  appearanceShare: 0.1,
  consistencyWeight: 1,
} as const;
const languageRecipe = { batchSize: 32, steps: 2000, peakLearningRate: 2e-3 } as const;
const warmupFraction = 0.05;
const statisticsBatches = 8;

/** Mean and deviation of every channel of every hidden state over freshly drawn photographs. */
function tapStatistics(
  engine: Engine,
  vision: VisionConfig,
  weights: Weights,
  recipe: VisionPretraining,
  pixelsOf: (step: number) => Float32Array,
): Weights {
  const shapes = visionShapes(vision);
  const side = vision.imageSize;
  const batch = 2 * recipe.batchSize;
  const layers = Array.from({ length: vision.numLayers + 1 }, (_, i) => i);
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      moments: {
        inputs: { pixels: { shape: [batch, 3, side, side], dtype: 'float32' } },
        body: (variables, inputs) => {
          const states = hiddenStates(frozenParameters(variables), vision, inputs.pixels!);
          return {
            outputs: Object.fromEntries(
              layers.flatMap((l) => [
                [`sum${l}`, states[l]!.mean([0, 1])],
                [`square${l}`, states[l]!.square().mean([0, 1])],
              ]),
            ),
          };
        },
      },
    },
  });
  program.assignAll(Object.entries(select(weights, shapes)).map(([key, { values }]) => [key, values]));
  const sums = new Map<string, Float64Array>();
  for (let i = 0; i < statisticsBatches; i++) {
    for (const [name, values] of Object.entries(program.run('moments', { pixels: pixelsOf(recipe.steps + i) }))) {
      const sum = sums.get(name) ?? new Float64Array(values.length);
      values.forEach((value, c) => (sum[c]! += value / statisticsBatches));
      sums.set(name, sum);
    }
  }
  program.dispose();
  return Object.fromEntries(
    layers.flatMap((layer) => {
      const mean = sums.get(`sum${layer}`)!;
      const square = sums.get(`square${layer}`)!;
      const shape = [vision.hiddenSize];
      const deviation = Float32Array.from(mean, (m, c) => Math.sqrt(Math.max(square[c]! - m * m, 1e-12)));
      return [
        [`taps.${layer}.mean`, { shape, values: Float32Array.from(mean) }],
        [`taps.${layer}.deviation`, { shape, values: deviation }],
      ];
    }),
  );
}

/** Runs `train` unless its result is there from an earlier attempt. */
async function once(path: string, train: () => Promise<Weights>): Promise<Weights> {
  if (!existsSync(path)) writeSafetensors(path, await train());
  return readSafetensors(path);
}

/** Names of what a step sees, by the numbers it is drawn from. */
const samplesOf =
  (what: string, { batchSize }: { readonly batchSize: number }) =>
  (step: number): string[] =>
    Array.from({ length: batchSize }, (_, i) => `${what} ${step * batchSize + i}`);

export const foundation: StageFunction = async (context) => {
  const { vision, llm, seed } = context.stage.config as unknown as FoundationConfig;
  const engine = await startEngine();
  const { tokenizer } = openLanguage({ llm, template: 'nano', tokenizerDir: undefined, words: vocabularyWords() });
  const total = visionRecipe.steps + languageRecipe.steps;
  const part = (name: string, offset: number): StageContext => ({
    ...context,
    checkpointDir: join(context.checkpointDir, name),
    report: (progress) => context.report({ ...progress, step: progress.step + offset, totalSteps: total }),
  });
  const visionTraining: VisionPretraining = { ...visionRecipe, seed };
  const vit = await once(join(context.checkpointDir, 'vision.safetensors'), async () => {
    const sharded = createVisionPretraining(engine, vision, tokenizer.vocabSize, visionTraining);
    sharded.setWeights(initialVisionWeights(vision, tokenizer.vocabSize, seed));
    const inputsOf = (step: number) => ({
      name: 'match',
      inputs: visionBatch(vision, tokenizer, visionTraining, step),
    });
    const training = { ...visionRecipe, warmupFraction };
    await trainLoop(part('vision', 0), sharded, training, inputsOf, undefined, samplesOf('scene', visionRecipe));
    const weights = select(sharded.weights(), visionShapes(vision));
    sharded.dispose();
    const pixelsOf = (step: number) => visionBatch(vision, tokenizer, visionTraining, step).pixels as Float32Array;
    return { ...weights, ...tapStatistics(engine, vision, weights, visionTraining, pixelsOf) };
  });
  const languageTraining = { ...languageRecipe, seed };
  const language = await once(join(context.checkpointDir, 'language.safetensors'), async () => {
    const sharded = createLanguagePretraining(engine, llm, languageTraining);
    sharded.setWeights(initialLanguageWeights(llm, seed));
    const inputsOf = (step: number) => ({
      name: taskOfStep(step),
      inputs: languageBatch(tokenizer, languageTraining, step),
    });
    const training = { ...languageRecipe, warmupFraction };
    const samples = samplesOf('text', languageRecipe);
    await trainLoop(part('language', visionRecipe.steps), sharded, training, inputsOf, undefined, samples);
    const weights = sharded.weights();
    sharded.dispose();
    return weights;
  });
  const weights = { ...vit, ...language };
  writeWeights(context.outputDir, weights);
  return { fingerprint: fingerprintOf(weights) };
};
