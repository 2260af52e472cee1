import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CalmError, rng, type StageContext, type StageProgress } from '@calm-orch/core';
import { startEngine, type Tensors } from '@calm-orch/engine';
import { createShardedStep, linear, type ShardedStep } from '@calm-orch/model';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadNewestCheckpoint } from './checkpoint.ts';
import { learningRateAt } from './schedule.ts';
import { trainLoop } from './train-loop.ts';
import { snapshot } from './state.test-util.ts';

const engine = await startEngine();
const training = { steps: 20, batchSize: 4, peakLearningRate: 0.05, warmupFraction: 0.1 };

let dir: string;
let sharded: ShardedStep;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-loop-'));
  sharded = newStep();
});
afterEach(() => {
  sharded.dispose();
  rmSync(dir, { recursive: true, force: true });
});

/** y = x W' + b by Adam, at its initial weights. */
function newStep(
  lossOf: (both: [Tensors[string], Tensors[string]]) => Tensors[string] = ([x, y]) => x.sub(y).square().sum().div(4),
): ShardedStep {
  const made = createShardedStep(engine, {
    trainable: { w: [2, 3], b: [2] },
    frozen: {},
    numShards: 2,
    steps: {
      fit: {
        inputs: { x: { shape: [4, 3], dtype: 'float32' }, y: { shape: [4, 2], dtype: 'float32' } },
        loss: (parameters, { x, y }) => lossOf([linear(x!, parameters.get('w'), parameters.get('b'), 2), y!]),
      },
    },
  });
  made.setWeights({
    w: { shape: [2, 3], values: Float32Array.of(1, -1, 0.5, 0.25, 2, -2) },
    b: { shape: [2], values: new Float32Array(2) },
  });
  return made;
}
const inputsOf = (step: number) => {
  const draw = rng('loop', step);
  const x = Float32Array.from({ length: 12 }, () => draw.normal());
  const y = Float32Array.from({ length: 8 }, (_, i) => x[Math.floor(i / 2) * 3]! * (i % 2 === 0 ? 1 : -2));
  return { name: 'fit', inputs: { x, y } };
};
function contextOf(change: Partial<StageContext> = {}): StageContext & { readonly reports: StageProgress[] } {
  const reports: StageProgress[] = [];
  return {
    stage: { key: 'k', kind: 'finetune-score', config: {} },
    item: 0,
    inputs: {},
    outputDir: dir,
    checkpointDir: join(dir, 'checkpoints'),
    checkpointEveryMs: 1e9,
    signal: new AbortController().signal,
    now: () => 0,
    reports,
    report: (progress) => void reports.push(progress),
    ...change,
  };
}
/** The state that undisturbed training ends in. */
async function undisturbed() {
  const other = newStep();
  await trainLoop(contextOf({ checkpointDir: join(dir, 'none') }), other, training, inputsOf);
  const state = snapshot(other.state());
  other.dispose();
  return state;
}
const thrownBy = async (work: Promise<unknown>): Promise<CalmError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CalmError);
  return error as CalmError;
};

describe('the training loop', () => {
  it('trains to the end and reports every step of a short stage', async () => {
    const context = contextOf();
    await trainLoop(context, sharded, training, inputsOf);
    expect(context.reports.map(({ step }) => step)).toEqual([...Array(20).keys()]);
    const losses = context.reports.map(({ metrics }) => metrics!['train/loss']!);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    expect(context.reports[2]).toMatchObject({ totalSteps: 20, metrics: { 'train/learningRate': 0.05 } });
    expect(snapshot(sharded.state())).toEqual(await undisturbed());
  });

  it('reports a long stage about a hundred times, its last step among them', async () => {
    const context = contextOf();
    await trainLoop(context, sharded, { ...training, steps: 250 }, inputsOf);
    const steps = context.reports.map(({ step }) => step);
    expect(steps.length).toBeLessThanOrEqual(126);
    expect(steps.at(-1)).toBe(249);
  });

  it('says at least once a second how far a slow stage is, with metrics at the same steps as a quick one', async () => {
    let time = 0;
    const slow = contextOf({ now: () => (time += 400) });
    const quick = contextOf();
    for (const context of [slow, quick]) {
      await trainLoop(context, sharded, { ...training, steps: 1000 }, inputsOf);
      rmSync(context.checkpointDir, { recursive: true, force: true });
    }
    const measured = ({ reports }: typeof slow) => reports.filter(({ metrics }) => metrics).map(({ step }) => step);
    expect(measured(slow)).toEqual(measured(quick));
    expect(quick.reports.length).toBe(measured(quick).length);
    const steps = slow.reports.map(({ step }) => step);
    expect(Math.max(...steps.slice(1).map((step, i) => step - steps[i]!))).toBeLessThanOrEqual(3);
    expect(slow.reports.every(({ totalSteps, samplesPerSecond }) => totalSteps === 1000 && samplesPerSecond! > 0)).toBe(
      true,
    );
  });

  it('tells of the next step before it computes one, and of none after the last', async () => {
    const asked: string[] = [];
    const noting = (step: number) => {
      asked.push(`inputs ${step}`);
      return inputsOf(step);
    };
    await trainLoop(contextOf(), sharded, { ...training, steps: 3 }, noting, (step) => asked.push(`ahead ${step}`));
    expect(asked).toEqual(['inputs 0', 'ahead 1', 'inputs 1', 'ahead 2', 'inputs 2']);
  });

  it('stopped at any step and taken up again ends in the same weights, bit for bit', async () => {
    const expected = await undisturbed();
    for (const stopAt of [1, 7, 19]) {
      const checkpointDir = join(dir, `stopped-${stopAt}`);
      const controller = new AbortController();
      const stopping = (step: number) => {
        if (step === stopAt - 1) controller.abort();
        return inputsOf(step);
      };
      const first = newStep();
      const error = await thrownBy(
        trainLoop(contextOf({ checkpointDir, signal: controller.signal }), first, training, stopping),
      );
      first.dispose();
      expect(error.code).toBe('cancelled');
      expect(error.message).toContain(`finetune-score: stopped at step ${stopAt} of 20`);
      const second = newStep();
      const steps: number[] = [];
      await trainLoop(contextOf({ checkpointDir }), second, training, (step) => {
        steps.push(step);
        return inputsOf(step);
      });
      expect(steps[0]).toBe(stopAt);
      expect(snapshot(second.state())).toEqual(expected);
      second.dispose();
    }
  });

  it('that died between checkpoints goes on from the last one, with the same end', async () => {
    let time = 0;
    const dying = async (step: number) => {
      time += 1000;
      // What is saved beside training is there by then; the next is due at step 8.
      if (step === 7) await vi.waitUntil(() => existsSync(join(dir, 'checkpoints', 'step-00000004.json')), 60_000);
      if (step === 11) throw new Error('killed');
      return inputsOf(step);
    };
    const context = contextOf({ checkpointEveryMs: 3500, now: () => time });
    await expect(trainLoop(context, sharded, training, dying)).rejects.toThrow('killed');
    expect(readdirSync(context.checkpointDir).filter((name) => name.endsWith('.json'))).toEqual([
      'step-00000004.json',
      'step-00000008.json',
    ]);
    const second = newStep();
    const steps: number[] = [];
    await trainLoop(contextOf(), second, training, (step) => {
      steps.push(step);
      return inputsOf(step);
    });
    expect(steps[0]).toBe(8);
    expect(snapshot(second.state())).toEqual(await undisturbed());
    second.dispose();
  });

  it('that is cancelled before its first step computes nothing', async () => {
    const error = await thrownBy(
      trainLoop(contextOf({ signal: AbortSignal.abort() }), sharded, training, () => {
        throw new Error('a step was computed');
      }),
    );
    expect(error.code).toBe('cancelled');
  });

  const samplesOf = (step: number): string[] => ['a', 'b', 'c', 'd'].map((name) => `${name}${step}`);

  it('ends with a clear error when the loss is no number', async () => {
    const broken = (step: number) => {
      const batch = inputsOf(step);
      if (step === 3) batch.inputs.y[0] = NaN;
      return batch;
    };
    const error = await thrownBy(trainLoop(contextOf(), sharded, training, broken, undefined, samplesOf));
    expect(error.code).toBe('bad_data');
    expect(error.message).toBe(
      'finetune-score: the loss is NaN at step 3 (samples a3, b3, c3, d3); the weights are those before it. Look at these samples, or try a lower peakLearningRate',
    );
  });

  it('names the samples of the shard whose loss is no number', async () => {
    const perShard = newStep(([x, y]) => x.sub(y).square().reshape([2, 4]).sum(1));
    const broken = (step: number) => {
      const batch = inputsOf(step);
      if (step === 3) batch.inputs.y[5] = NaN;
      return batch;
    };
    const error = await thrownBy(trainLoop(contextOf(), perShard, training, broken, undefined, samplesOf));
    perShard.dispose();
    expect(error.message).toContain('the loss is NaN at step 3 (samples c3, d3);');
  });

  it.each([
    ['loss that is no number', 'the loss is NaN at step 7 (samples', 0, NaN],
    ['gradient that is not finite and a loss that is', 'and its gradient not finite at step 7 (samples', 2, 3e38],
  ])(
    'keeps the state before a %s in a checkpoint, where every retry ends as well',
    async (_, reason, column, value) => {
      // Of the third column weights and inputs are 0: a value there reaches the gradient and not the loss.
      const good = (step: number) => {
        const batch = inputsOf(step);
        for (let i = 2; i < batch.inputs.x.length; i += 3) batch.inputs.x[i] = 0;
        return batch;
      };
      const broken = (step: number) => {
        const batch = good(step);
        if (step === 7) batch.inputs.x[column] = value;
        return batch;
      };
      const start = () => {
        const made = newStep();
        made.setWeights({
          w: { shape: [2, 3], values: Float32Array.of(1, -1, 0, 0.25, 2, 0) },
          b: { shape: [2], values: new Float32Array(2) },
        });
        return made;
      };
      const before = start();
      for (let step = 0; step < 7; step++)
        before.run('fit', good(step).inputs, { step, learningRate: learningRateAt(step, training) });
      for (let retry = 0; retry < 3; retry++) {
        const trained = start();
        const steps: number[] = [];
        const noting = (step: number) => {
          steps.push(step);
          return broken(step);
        };
        const error = await thrownBy(trainLoop(contextOf(), trained, training, noting, undefined, samplesOf));
        expect(error.code).toBe('bad_data');
        expect(error.message).toContain(reason);
        expect(steps).toEqual(retry === 0 ? [0, 1, 2, 3, 4, 5, 6, 7] : [7]);
        const newest = loadNewestCheckpoint(contextOf().checkpointDir)!;
        expect([newest.step, snapshot(newest.state)]).toEqual([7, snapshot(before.state())]);
        trained.dispose();
      }
      before.dispose();
    },
  );
});
