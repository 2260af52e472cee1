import { describe, expect, it } from 'vitest';
import type { RunView, StageView } from '@calm-orch/coordinator';
import { bar, duration } from './format.ts';
import { liveBlock, plainLines } from './lines.ts';

const stage = (label: string, more: Partial<StageView> = {}): StageView => ({
  label,
  state: 'running',
  reused: false,
  numDone: 0,
  numItems: 1,
  step: 812,
  totalSteps: 1500,
  loss: 1.23456,
  samplesPerSecond: 412.4,
  elapsedMs: 9000,
  leftMs: 62_000,
  ...more,
});

const view = (stages: StageView[]): RunView => ({
  runId: 'smoke-1',
  elapsedMs: 192_000,
  leftMs: 520_000,
  stages,
  seeds: [0],
  numSeedsDone: 0,
  workers: [
    { role: 'trainer', index: 0, stage: 'finetune-score all seed 0' },
    { role: 'trainer', index: 1, stage: null },
    { role: 'augmentor', index: 0, stage: undefined },
  ],
});

describe('progress', () => {
  it('shows step, loss, rate and time left of each running stage', () => {
    const idle = { state: 'succeeded', step: null, totalSteps: null, loss: null } as const;
    expect(plainLines(view([stage('data', idle), stage('finetune-score all seed 0')]))).toEqual([
      'smoke-1: 1 of 2 stages, 3:12 gone, about 8:40 left',
      'finetune-score all seed 0: step 812/1500, loss 1.235, 412 samples/s, 1:02 left',
    ]);
  });

  it('draws a block of running stages and workers no larger than the terminal', () => {
    const block = liveBlock(view([stage('finetune-score all seed 0')]), { columns: 80, rows: 24 });
    expect(block).toEqual([
      'smoke-1: 0 of 1 stage, 3:12 gone, about 8:40 left',
      '  finetune-score all seed 0  █████████░░░░░░░  step 812/1500, loss 1.235, 412 s…',
      '  trainer 0: finetune-score all seed 0 · trainer 1: idle · augmentor 0: starting',
    ]);
    const many = Array.from({ length: 40 }, (_, i) => stage(`encode ${i}`));
    const small = liveBlock(view(many), { columns: 60, rows: 10 });
    expect(small.length).toBeLessThan(10);
    expect(Math.max(...small.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(small.join()).toMatch(/and \d+ more stages/);
  });

  it('says how long a stage has run that reports nothing yet', () => {
    const silent = { step: null, totalSteps: null, loss: null, samplesPerSecond: null, leftMs: null };
    expect(plainLines(view([stage('baselines', silent)]))[1]).toBe('baselines: for 0:09');
  });

  it('counts items where a stage has several', () => {
    const several = stage('data', { numDone: 3, numItems: 12, step: 40, totalSteps: 250, loss: null });
    expect(plainLines(view([several]))[1]).toBe('data: item 3/12, step 40/250, 412 samples/s, 1:02 left');
  });

  it('writes durations and bars', () => {
    expect([7000, 725_000, 3_750_000].map(duration)).toEqual(['0:07', '12:05', '1:02:30']);
    expect([0, 0.5, 1, 2].map((share) => bar(share, 4))).toEqual(['░░░░', '██░░', '████', '████']);
  });
});
