// A gang in one process: members with programs and tensor planes of their own, joined and left at every possible moment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  nano,
  rng,
  type LlmConfig,
  type MfamConfig,
  type OptimizerPlacement,
  type StageContext,
  type StageProgress,
} from '@calm-orch/core';
import { startEngine, type Values } from '@calm-orch/engine';
import { initialWeights, llmShapes, loraShapes, mfamShapes, type TrainingState } from '@calm-orch/model';
import { createComputeGang, openTensorPlane, type ComputeGang, type TensorPlane } from '@calm-orch/rpc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCalmTraining, promptInputs, type CalmProgram, type CalmTraining } from './calm-training.ts';
import { loadNewestCheckpoint } from './checkpoint.ts';
import { learningRateAt } from './schedule.ts';
import { trainLoop } from './train-loop.ts';

const engine = await startEngine();
const mfam: MfamConfig = {
  ...nano.mfam,
  ...{ levels: ['thematic', 'low'], taps: { low: 0, middle: 1, high: 2, thematic: 2 } },
  ...{ queries: 2, hiddenSize: 8, numHeads: 2, numLayers: 1, mlpSize: 16 },
};
const llm: LlmConfig = {
  ...nano.llm,
  ...{ hiddenSize: 16, numLayers: 1, numHeads: 2, numKeyValueHeads: 2, mlpSize: 24, vocabSize: 16 },
};
const taps = { tokens: 3, width: 8 };
const training = { steps: 12, batchSize: 16, peakLearningRate: 0.01, warmupFraction: 0.1 };
const frozen = llmShapes(llm);

/** What a program is made with beside the default. */
type Change = Partial<Pick<CalmTraining, 'options' | 'lora' | 'mfam'>>;
const nothing: Change = {};
/** Tensors too large to come with an answer. */
const wide: Change = { mfam: { ...mfam, mlpSize: 1024 } };
let change = nothing;
afterEach(() => void (change = nothing));

function newProgram(): CalmProgram {
  const factors = change.lora === undefined ? {} : loraShapes(llm, change.lora);
  const trainable = mfamShapes(change.mfam ?? mfam, { hiddenSize: taps.width }, llm);
  const program = createCalmTraining(engine, {
    ...{ mfam, llm, trainable: { ...trainable, ...factors }, frozen, taps, ...change },
    ...{ batchSize: training.batchSize, numShards: 8 },
    forms: { answer: { images: 1, suffix: 2, answer: 3 } },
  });
  program.setWeights(initialWeights({ ...trainable, ...factors, ...frozen }, 0, () => 0.3));
  return program;
}

function inputsOf(step: number): { name: string; inputs: Record<string, Values> } {
  const draw = rng('gang', step);
  const { batchSize } = training;
  const states = [0, 2].map((layer): [string, Values] => [
    `image0_layer${layer}`,
    Float32Array.from({ length: batchSize * taps.tokens * taps.width }, () => draw.normal()),
  ]);
  const inputs = {
    ...Object.fromEntries(states),
    ...promptInputs(batchSize, { prefix: [1], suffix: [5, 6] }),
    answer: Int32Array.from({ length: batchSize * 3 }, () => draw.int(16)),
    weights: new Float32Array(batchSize * 3).fill(1 / 48),
  };
  return { name: 'answer', inputs };
}

const samplesOf = (step: number): string[] => Array.from({ length: training.batchSize }, (_, i) => `s${step}-${i}`);

let dir: string;
const planes: TensorPlane[] = [];
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-gang-'))));
afterEach(() => {
  planes.splice(0).forEach((plane) => plane.close());
  rmSync(dir, { recursive: true, force: true });
});

interface Member {
  readonly gang: ComputeGang;
  readonly program: CalmProgram;
  readonly reports: StageProgress[];
  readonly plane: TensorPlane;
  /** As SIGTERM does. */
  readonly leave: () => void;
  /** Settled when its loop ends: how. */
  ended: Promise<string>;
  step: number;
}

/** What the coordinator does for a gang: rosters in order of arrival. */
class Club {
  readonly #ready: Member[] = [];
  #generation = 0;
  readonly members: Member[] = [];
  readonly checkpointDir = mkdtempSync(join(dir, 'checkpoints-'));
  /** In calls of the clock. */
  checkpointEveryMs = 1e9;
  inputsOf = inputsOf;
  /** That tensors are streamed. */
  readonly notes: string[] = [];
  #now = 0;
  readonly onStep: (step: number) => void;

  readonly #least: number;
  readonly #optimizer: OptimizerPlacement;

  /** Nobody begins before `least` are ready. */
  constructor(least: number, optimizer: OptimizerPlacement = 'replicated', onStep: (step: number) => void = () => {}) {
    this.#least = least;
    this.#optimizer = optimizer;
    this.onStep = onStep;
  }

  async add(sharedMemory?: string | null): Promise<Member> {
    const address = `unix:${join(dir, `m${planes.length}`)}`;
    const plane = await openTensorPlane({
      ...{ address, token: 't', onStreamed: (note) => this.notes.push(note) },
      ...(sharedMemory !== undefined && { sharedMemory }),
    });
    planes.push(plane);
    const gang = createComputeGang({
      plane: () => Promise.resolve(plane),
      stageKey: 'stage',
      onReady: () => {
        this.#ready.push(member);
        this.#announce();
      },
    });
    const leaving = new AbortController();
    const reports: StageProgress[] = [];
    const member: Member = {
      leave: () => leaving.abort(),
      gang,
      program: newProgram(),
      reports,
      plane,
      step: -1,
      ended: Promise.resolve(''),
    };
    this.members.push(member);
    const context: StageContext = {
      stage: { key: 'stage', kind: 'finetune-score', config: {}, numItems: 1 },
      ...{
        item: 0,
        inputs: {},
        outputDir: dir,
        checkpointDir: this.checkpointDir,
        checkpointEveryMs: this.checkpointEveryMs,
      },
      ...{ signal: leaving.signal, now: () => (this.#now += 1), gang, optimizer: this.#optimizer },
      report: (progress) => {
        reports.push(progress);
        member.step = progress.step;
        this.onStep(progress.step);
      },
    };
    member.ended = trainLoop(context, member.program, training, this.inputsOf, undefined, samplesOf)
      .then(
        () => 'finished',
        (error: Error) => error.message,
      )
      .finally(() => this.remove(member));
    return member;
  }

  /** Takes a member off the roster, as the coordinator does when its process has gone. */
  remove(member: Member): void {
    if (!this.#drop(member)) return;
    member.gang.update({ generation: ++this.#generation, rank: -1, members: [] });
    this.#announce();
  }

  /** As `kill -9` does: nothing more is heard of it. */
  kill(member: Member): void {
    member.plane.close();
    if (this.#drop(member)) this.#announce();
  }

  #drop(member: Member): boolean {
    const at = this.#ready.indexOf(member);
    if (at >= 0) this.#ready.splice(at, 1);
    return at >= 0;
  }

  /** The first has finished: the others are released. */
  release(): void {
    for (const member of [...this.#ready]) this.remove(member);
  }

  #announce(): void {
    if (this.#generation === 0 && this.#ready.length < this.#least) return;
    const members = this.#ready.map(({ plane }) => plane.address);
    this.#generation++;
    this.#ready.forEach((member, rank) => member.gang.update({ generation: this.#generation, rank, members }));
  }
}

/** One trainer's result, computed once for each change. */
const results = new Map<Change, ReturnType<typeof trainAlone>>();
function alone(): ReturnType<typeof trainAlone> {
  const result = results.get(change) ?? trainAlone();
  results.set(change, result);
  return result;
}

async function trainAlone(): Promise<{ state: TrainingState; losses: number[] }> {
  const club = new Club(1);
  const member = await club.add();
  expect(await member.ended).toBe('finished');
  return { state: member.program.state(), losses: lossesOf(member) };
}
const lossesOf = ({ reports }: Member): number[] => reports.flatMap(({ metrics }) => metrics?.['train/loss'] ?? []);
const finished = async (club: Club): Promise<Member> => {
  const first = await Promise.race(
    club.members.map(async (member) => ((await member.ended) === 'finished' ? member : new Promise<never>(() => {}))),
  );
  club.release();
  await Promise.all(club.members.map(({ ended }) => ended));
  return first;
};

describe('a gang of 3', () => {
  const off = {
    ...{ maxGradientNorm: null, weightDecay: 0, accumulation: 1 },
    ...{ recompute: 'none', precision: 'fp32' },
  } as const satisfies Partial<NonNullable<Change['options']>>;
  it.each<[string, Change]>([
    ['clipped gradients and weight decay', { options: { ...off, maxGradientNorm: 0.1, weightDecay: 0.1 } }],
    ['accumulation', { options: { ...off, maxGradientNorm: 0.1, accumulation: 4 } }],
    ['layers computed again and bfloat16', { options: { ...off, recompute: 'layers', precision: 'bf16' } }],
    ['low-rank factors', { lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'down_proj'] } }],
  ])('trains to the bits of one trainer with %s', async (_, what) => {
    const plain = await alone();
    change = what;
    const { state } = await alone();
    expect(state).not.toEqual(plain.state);
    const club = new Club(3);
    for (let i = 0; i < 3; i++) await club.add();
    expect((await finished(club)).program.state()).toEqual(state);
  });
});

type Poisoned = Record<string, Values> & { readonly weights: Float32Array };

/** Weighs two tokens of sample 10 so that their losses cancel and their gradients are too large. */
function balance(inputs: Poisoned, state: TrainingState): void {
  const { weights } = inputs;
  const lossOf = (token: number): number => {
    const probe = newProgram();
    probe.setState(state);
    weights.fill(0)[30 + token] = 1;
    const loss = probe.step('answer', inputs, { step: 7, learningRate: 0 });
    probe.dispose();
    return loss;
  };
  const [first, second] = [lossOf(0), lossOf(1)];
  weights.fill(0).set([1e23, (-1e23 * first) / second], 30);
}

describe.each(['replicated', 'partitioned'] as const)('a gang with its optimizer %s', (optimizer) => {
  it.each([2, 3, 5, 8])('of %i trains to the bits of one trainer, in shared memory', async (size) => {
    const { state, losses } = await alone();
    const club = new Club(size, optimizer);
    for (let i = 0; i < size; i++) await club.add();
    const first = await finished(club);
    expect(first.program.state()).toEqual(state);
    expect(lossesOf(first).slice(-3)).toEqual(losses.slice(-3));
  });

  it('streams tensors between hosts to the same bits', async () => {
    const { state } = await alone();
    const club = new Club(2, optimizer);
    for (let i = 0; i < 2; i++) await club.add(null);
    expect((await finished(club)).program.state()).toEqual(state);
  });

  it.each(['none', 'file'])('streams them to the same bits where shared memory cannot be used (%s)', async (name) => {
    change = wide;
    const { state } = await alone();
    writeFileSync(join(dir, 'file'), '');
    const club = new Club(2, optimizer);
    for (let i = 0; i < 2; i++) await club.add(join(dir, name));
    expect((await finished(club)).program.state()).toEqual(state);
    expect(club.notes).toEqual(Array(2).fill(expect.stringContaining('are streamed')));
  });

  it.each([
    [
      'loss that is no number',
      (inputs: Poisoned) => inputs.weights.fill(NaN, 30, 33),
      'is NaN at step 7 (samples s7-10, s7-11);',
    ],
    ['gradient that is not finite', balance, 'and its gradient not finite at step 7 (samples s7-0, s7-1,'],
  ])('ends at a %s, in all members alike, and saves no state after it', async (_, poison, reason) => {
    const before = newProgram();
    for (let step = 0; step < 7; step++)
      before.step('answer', inputsOf(step).inputs, { step, learningRate: learningRateAt(step, training) });
    const { name, inputs } = inputsOf(7);
    poison(inputs as Poisoned, before.state());
    const club = new Club(2, optimizer);
    club.inputsOf = (step) => (step === 7 ? { name, inputs } : inputsOf(step));
    const members = [await club.add(), await club.add()];
    for (const ended of await Promise.all(members.map((member) => member.ended))) expect(ended).toContain(reason);
    const newest = loadNewestCheckpoint(club.checkpointDir);
    if (optimizer === 'replicated') expect(newest).toMatchObject({ step: 7, state: before.state() });
    // No member has the whole state: a retry goes on from the checkpoint before.
    else expect(newest?.step).toBe(0);
    before.dispose();
  });

  it.each([1, 2, 3])(
    'goes on to the same bits when members join and leave at any step, seed %i',
    async (seed) => {
      const { state, losses } = await alone();
      const draw = rng('club', seed);
      const seen = new Set<number>();
      const club: Club = new Club(2, optimizer, (step) => {
        if (seen.has(step)) return;
        seen.add(step);
        if (draw.uniform() < 0.4) void club.add();
        else if (draw.uniform() < 0.5 && club.members.length > 1)
          club.remove(club.members[draw.int(club.members.length)]!);
      });
      await club.add();
      await club.add();
      const first = await finished(club).catch(() => null);
      expect(first!.program.state(), `seed ${seed}`).toEqual(state);
      // Whoever reports a step reports the same loss, and every step is reported.
      const reported = new Set<number>();
      for (const { step, metrics } of club.members.flatMap(({ reports }) => reports)) {
        if (metrics === undefined) continue;
        expect(metrics['train/loss']).toBe(losses[step]);
        reported.add(step);
      }
      expect(reported.size).toBe(training.steps);
      // Every member that joins compiles a step for every set of shards it comes to hold.
    },
    600_000,
  );
});
