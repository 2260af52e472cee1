import { nano, rng, type LlmConfig, type MfamConfig } from '@calm-orch/core';
import { startEngine, type Tensors, type Values } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { answerLogits, answerLossPerShard } from '../calm/calm.ts';
import { fanInDeviation, initialWeights } from '../layers/initialize.ts';
import { llmShapes } from '../layers/llama.ts';
import { loraShapes, withLora } from '../layers/lora.ts';
import { mfamShapes, mfamTokens } from '../calm/mfam.ts';
import type { Parameters } from '../layers/parameter.ts';
import { createShardedStep, type ShardedStep } from './sharded-step.ts';
import { snapshot } from './state.test-util.ts';

const engine = await startEngine();
const made: ShardedStep[] = [];
afterEach(() => made.splice(0).forEach((sharded) => sharded.dispose()));

const mfam: MfamConfig = {
  ...nano.mfam,
  levels: ['thematic', 'low'],
  taps: { low: 0, middle: 1, high: 2, thematic: 2 },
  queries: 3,
  hiddenSize: 8,
  numHeads: 2,
  numLayers: 1,
  mlpSize: 16,
  crossAttentionFrequency: 2,
  layerNormEps: 1e-12,
  activation: 'gelu',
  seesCls: true,
  standardizeTaps: false,
  initializer: 'fan_in',
};
const llm: LlmConfig = {
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  mlpSize: 24,
  vocabSize: 16,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  maxPositions: 64,
};
const lora = { rank: 8, alpha: 8, targets: ['q_proj' as const, 'up_proj' as const] };
const [batch, numShards] = [4, 2];
const int = (size: number) => ({ shape: [batch, size], dtype: 'int32' as const });
const inputs = {
  ...Object.fromEntries(mfam.levels.map((level) => [level, { shape: [batch, 5, 16], dtype: 'float32' as const }])),
  prefix: int(1),
  suffix: int(3),
  answer: int(4),
  weights: { shape: [batch, 4], dtype: 'float32' as const },
};

function make(recompute: boolean, { eager = false, withFactors = false } = {}): ShardedStep {
  const mfamOnly = mfamShapes(mfam, { tokens: 5, width: 16 }, llm);
  const language = llmShapes(llm);
  const factors = withFactors ? loraShapes(llm, lora) : {};
  const loss = (plain: Parameters, { prefix, suffix, answer, weights, ...visual }: Tensors) => {
    const parameters = withFactors ? withLora(plain, lora) : plain;
    const text = { prefix: prefix!, suffix: suffix!, answer: answer! };
    const logits = answerLogits(parameters, { llm, mfam }, [mfamTokens(parameters, mfam, visual)], text);
    return answerLossPerShard(logits, answer!, weights!, parameters.numShards);
  };
  const sharded = createShardedStep(
    engine,
    {
      trainable: withFactors ? { ...mfamOnly, ...factors } : { ...mfamOnly, ...language },
      frozen: withFactors ? language : {},
      numShards,
      recompute,
      blockSizes: [numShards],
      steps: { all: { inputs, loss } },
    },
    { eager },
  );
  made.push(sharded);
  sharded.setWeights(initialWeights({ ...mfamOnly, ...language, ...factors }, 0, fanInDeviation));
  return sharded;
}

const draw = rng('recompute', 0);
const values: Record<string, Values> = Object.fromEntries(
  Object.entries(inputs).map(([name, { shape, dtype }]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return dtype === 'int32'
      ? [name, Int32Array.from({ length: size }, () => draw.int(llm.vocabSize))]
      : [name, Float32Array.from({ length: size }, () => (name === 'weights' ? 1 / 16 : draw.normal()))];
  }),
);

describe('recomputed activations', () => {
  it.each(engine.node === undefined ? [true] : [false, true])('change no bit (eager: %s)', (eager) => {
    for (const withFactors of [false, true]) {
      const [kept, again] = [false, true].map((recompute) => make(recompute, { eager, withFactors }));
      expect(again!.gradient('all', values)).toEqual(kept!.gradient('all', values));
      for (let step = 0; step < 2; step++)
        for (const sharded of [kept!, again!]) sharded.run('all', values, { step, learningRate: 0.01 });
      expect(snapshot(again!.state())).toEqual(snapshot(kept!.state()));
    }
  });

  it.skipIf(engine.node === undefined)('are computed twice in the graph', () => {
    const [kept, again] = [false, true].map((recompute) => make(recompute).program.numNodes);
    expect(again!).toBeGreaterThan(kept! * 1.05);
  });

  it('leave no tensor behind', () => {
    const sharded = make(true);
    sharded.run('all', values, { step: 0, learningRate: 0.01 });
    const before = engine.tf.memory().numTensors;
    sharded.run('all', values, { step: 1, learningRate: 0.01 });
    expect(engine.tf.memory().numTensors).toBe(before);
  });
});
