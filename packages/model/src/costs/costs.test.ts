import { nano, paper, programRoot, type TrialConfig } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { describe, expect, it } from 'vitest';
import { llmShapes } from '../layers/llama.ts';
import { activationsPerSample } from './activations.ts';
import { flopsPerImage, parameterCounts } from './costs.ts';
import { bytesReceivedPerStep } from './exchange.ts';
import { heldAndTrained, shareOf, trainingMemory, whatFits, type TrainingSetup } from './memory.ts';
import { sampleSizes } from './sizes.ts';
import { trialFlops } from './time.ts';

const trial = (preset: 'nano' | 'paper'): TrialConfig => ({ ...{ nano, paper }[preset], preset, seed: 0 });
const large = trial('paper');
const sizes = sampleSizes(large, 64);
const setup: TrainingSetup = {
  gpus: 8,
  optimizerState: 'replicated',
  finetune: 'full',
  loraRank: 64,
  precision: 'fp32',
  recompute: false,
  ...shareOf(128, 8, 8),
};

it('counts the parameters of the paper: 7.1 billion, 6,738.4 million of them Vicuna', () => {
  const { vision, mfam, llm } = parameterCounts(paper);
  expect(llm).toBe(6_738_415_616);
  expect((vision + mfam + llm) / 1e9).toBeCloseTo(7.11, 2);
});

it.each(['nano', 'paper'] as const)('counts as many weights in controls of as many weights, preset %s', (preset) => {
  const { rows } = loadExperiment(`${programRoot}experiments/controls.yaml`, { preset });
  const mfamOf = (row: string) => parameterCounts(rows.find((one) => one.row === row)!.config(0)).mfam;
  for (const row of ['pooled taps', 'wide thematic']) {
    const ratio = mfamOf(row) / mfamOf('all');
    expect(Math.abs(ratio - 1), row).toBeLessThan(0.005);
    // Nearly, not the same trial.
    expect(ratio).not.toBe(1);
  }
});

it('counts the arithmetic of controls', () => {
  const flops = (change: Partial<TrialConfig['mfam']>) =>
    flopsPerImage({ ...nano, mfam: { ...nano.mfam, ...change } }).mfam;
  const wide = { levels: ['thematic' as const], projector: 'mlp2x_gelu' as const };
  expect(flops(wide)).toBe(2 * 64 * (96 * 64 + 64 * 64));
  expect(flops({ ...wide, projectorSize: 2152 })).toBe(2 * 64 * 2152 * (96 + 64));
  // 65 positions, 8 sums over them, and 704 numbers between the layers.
  expect(flops({ levels: ['low'], resampler: 'pooling' })).toBe(2 * 704 * (65 * 96 + 8 * 65 + 8 * 64));
});

it('counts arithmetic that grows with the photograph and shrinks with levels left out', () => {
  const small = flopsPerImage(paper, 224);
  const wide = flopsPerImage(paper, 336);
  for (const part of ['vision', 'mfam', 'llm'] as const) expect(wide[part]).toBeGreaterThan(small[part]);
  // The ViT by hand: 24 layers of 257 tokens, and 256 patches of 588 numbers.
  expect(small.vision).toBe(2 * (256 * 588 * 1024 + 24 * (257 * 12 * 1024 ** 2 + 2 * 257 ** 2 * 1024)));
  expect(flopsPerImage({ ...nano, mfam: { ...nano.mfam, levels: ['thematic'] } }).mfam).toBe(2 * 64 * 96 * 64);
});

describe('memory of a GPU', () => {
  it('holds weights, a gradient and two moments of every trained weight, four bytes each', () => {
    const { held, trained } = heldAndTrained(large, setup);
    const { mfam, llm } = parameterCounts(large);
    expect([held, trained]).toEqual([mfam + llm, mfam + llm]);
    const bytes = trainingMemory(large, sizes, setup);
    expect(bytes).toMatchObject({ weights: 4 * held, gradients: 4 * held, optimizer: 8 * held });
    expect(bytes.total).toBe(bytes.weights + bytes.gradients + bytes.optimizer + bytes.activations);
    const twice = { ...setup, samples: 2 * setup.shardSize };
    const two = trainingMemory(large, sizes, { ...twice, microBatch: 2 * setup.shardSize });
    expect(two.activations).toBe(2 * bytes.activations);
    // Those of two shards stand beside each other for one bucket, the largest of which is an embedding or little more than 128 MiB.
    const rows = two.gradients - bytes.gradients;
    expect(rows).toBeGreaterThanOrEqual(2 * 4 * 32_000 * 4096);
    expect(rows).toBeLessThan(2 * (4 * 32_000 * 4096 + 2 ** 27));
    // In two calls the sum of the first waits.
    const inCalls = trainingMemory(large, sizes, twice);
    expect(inCalls).toEqual({
      ...bytes,
      gradients: 2 * bytes.gradients,
      total: bytes.total + bytes.gradients,
    });
  });

  it('shares nothing but the moments among GPUs', () => {
    const replicated = trainingMemory(large, sizes, setup);
    const partitioned = trainingMemory(large, sizes, { ...setup, optimizerState: 'partitioned' });
    expect(partitioned).toEqual({
      ...replicated,
      optimizer: replicated.optimizer / 8,
      total: replicated.total - (7 / 8) * replicated.optimizer,
    });
  });

  it('of LoRA holds all weights, and gradients and moments of factors and MFAM', () => {
    // Every linear map of a layer is one of the seven: rank x (rows + columns).
    const shapes = Object.entries(llmShapes(large.llm)).filter(([key]) => /layers.*proj/.test(key));
    const factors = shapes.reduce((sum, [, [rows, columns]]) => sum + 64 * (rows! + columns!), 0);
    const { mfam, llm } = parameterCounts(large);
    const bytes = trainingMemory(large, sizes, { ...setup, finetune: 'lora' });
    expect(bytes.weights).toBe(4 * (mfam + llm + factors));
    expect(bytes.optimizer).toBe(8 * (mfam + factors));
  });

  it('in bf16 adds a copy of the weights and halves activations; recomputation keeps one input a layer', () => {
    const whole = trainingMemory(large, sizes, setup);
    const half = trainingMemory(large, sizes, { ...setup, precision: 'bf16' });
    expect(half.weights / whole.weights).toBe(1.5);
    expect(half.activations / whole.activations).toBe(0.5);
    expect(half.gradients).toBe(whole.gradients);
    const { tokens } = sizes;
    const layer = 8 * tokens * 4096 + 4 * tokens * 11008 + 32 * tokens ** 2;
    const saved = activationsPerSample(large, sizes, false) - activationsPerSample(large, sizes, true);
    expect(saved).toBe(31 * layer - 32 * tokens * 4096);
  });
});

describe('what fits', () => {
  const gb = 1e9;
  const fitting = (memory: number, remedies = {}) => whatFits(large, sizes, setup, memory * gb, remedies);

  it('is the setup itself where that fits', () => {
    expect(fitting(1000)).toEqual(setup);
  });

  it('changes as little as it can, and fits', () => {
    const found = fitting(80)!;
    expect(found).toMatchObject({ gpus: 8, finetune: 'full', optimizerState: 'partitioned' });
    expect(found.recompute).toBe(true);
    expect(trainingMemory(large, sizes, found).total).toBeLessThan(80 * gb);
  });

  it('is LoRA or more GPUs where nothing milder does, or nothing', () => {
    expect(fitting(60)).toBeNull();
    expect(fitting(60, { lora: true })).toMatchObject({ finetune: 'lora', gpus: 8 });
    expect(fitting(60, { gpuFactor: 64 })!.gpus).toBeGreaterThan(8);
    expect(fitting(20, { lora: true, gpuFactor: 64 })).toBeNull();
  });
});

it('counts what a trainer receives from the others', () => {
  expect(bytesReceivedPerStep(1000, { gpus: 1, optimizerState: 'replicated' })).toBe(0);
  expect(bytesReceivedPerStep(1000, { gpus: 8, optimizerState: 'replicated' })).toBe(7 * 4000);
  expect(bytesReceivedPerStep(1000, { gpus: 8, optimizerState: 'partitioned' })).toBe((2 * 7 * 4000) / 8);
});

it('counts the arithmetic of those stages a trial has', () => {
  const names = (config: TrialConfig) => trialFlops(config).map(({ stage }) => stage);
  const small = trial('nano');
  expect(names(small)).toEqual([
    'encode',
    'pretrain-generic',
    'pretrain-ssl',
    'finetune-comment',
    'finetune-score',
    'evaluate-score',
  ]);
  const only = { ...small, mfam: { ...small.mfam, levels: ['thematic' as const] } };
  expect(names({ ...only, evaluate: { ...small.evaluate, scores: false, numComments: 3 } })).toEqual([
    'encode',
    'pretrain-generic',
    'finetune-comment',
    'evaluate-comment',
  ]);
  const flops = (config: TrialConfig) => trialFlops(config).find(({ stage }) => stage === 'finetune-score')!.flops;
  const longer = { ...small, finetuneScore: { ...small.finetuneScore, steps: 2 * small.finetuneScore.steps } };
  expect(flops(longer)).toBe(2 * flops(small));
});
