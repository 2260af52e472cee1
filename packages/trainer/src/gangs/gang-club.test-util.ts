// A gang in one process, for tests: members with steps and tensor planes of their own, that join and leave as they are
// told, on a training so small that a step takes milliseconds.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  nano,
  rng,
  sampleIds,
  sampleOrder,
  type LlmConfig,
  type MfamConfig,
  type GradientExchange,
  type OptimizerPlacement,
  type StageContext,
  type StageProgress,
} from '@calm-orch/core';
import { nativeMemory, startEngine } from '@calm-orch/engine';
import { initialWeights, llmShapes, loraShapes, mfamShapes, type ShardedStep } from '@calm-orch/model';
import { createComputeGang, openTensorPlane, tokenAccess, type ComputeGang, type TensorPlane } from '@calm-orch/rpc';
import { afterEach, beforeEach } from 'vitest';
import { createCalmTraining, promptInputs, type CalmTraining } from '../training/calm-training.ts';
import { trainLoop, type StepInputs } from '../training/train-loop.ts';

const engine = await startEngine();
const mfam: MfamConfig = {
  ...nano.mfam,
  levels: ['thematic', 'low'],
  taps: { low: 0, middle: 1, high: 2, thematic: 2 },
  queries: 2,
  hiddenSize: 8,
  numHeads: 2,
  numLayers: 1,
  mlpSize: 16,
};
const llm: LlmConfig = {
  ...nano.llm,
  hiddenSize: 16,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 2,
  mlpSize: 24,
  vocabSize: 16,
};
const taps = { tokens: 3, width: 8 };
export const training = { steps: 12, batchSize: 16, peakLearningRate: 0.01, warmupFraction: 0.1 };
const frozen = llmShapes(llm);

/** What a step is made with beside the default. */
export type Change = Partial<Pick<CalmTraining, 'options' | 'lora' | 'mfam' | 'maxBucketBytes'>>;
/** Tensors too large to come with an answer. */
export const wide: Change = { mfam: { ...mfam, mlpSize: 1024 } };

export function newStep(change: Change = {}): ShardedStep {
  const factors = change.lora === undefined ? {} : loraShapes(llm, change.lora);
  const trainable = mfamShapes(change.mfam ?? mfam, taps, llm);
  const sharded = createCalmTraining(engine, {
    mfam,
    llm,
    trainable: { ...trainable, ...factors },
    frozen,
    taps,
    ...change,
    batchSize: training.batchSize,
    numShards: 8,
    forms: { answer: { images: 1, suffix: 2, answer: 3 } },
  });
  sharded.setWeights(initialWeights({ ...trainable, ...factors, ...frozen }, 0, () => 0.3));
  return sharded;
}

/** What its steps draw from, with seed 0. */
export const list = { name: 'finetune-score', numSamples: 24, share: 1 };
const order = sampleOrder(0, list.name, list.numSamples, training.batchSize);

export function inputsOf(step: number): StepInputs {
  const draw = rng('gang', step);
  const { batchSize } = training;
  const states = [0, 2].map((layer): [string, Float32Array] => [
    `image0_layer${layer}`,
    Float32Array.from({ length: batchSize * taps.tokens * taps.width }, () => draw.normal()),
  ]);
  const inputs = {
    ...Object.fromEntries(states),
    ...promptInputs(batchSize, { prefix: [1], suffix: [5, 6] }),
    answer: Int32Array.from({ length: batchSize * 3 }, () => draw.int(16)),
    weights: new Float32Array(batchSize * 3).fill(1 / 48),
  };
  return { name: 'answer', inputs, samples: sampleIds(order(step)) };
}

const samplesOf = (step: number): string[] => Array.from({ length: training.batchSize }, (_, i) => `s${step}-${i}`);

/** Of one test. */
export let dir: string;
const planes: TensorPlane[] = [];
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-gang-'))));
afterEach(() => {
  planes.splice(0).forEach((plane) => plane.close());
  rmSync(dir, { recursive: true, force: true });
});

export interface Member {
  readonly gang: ComputeGang;
  readonly sharded: ShardedStep;
  readonly reports: StageProgress[];
  readonly plane: TensorPlane;
  /** As SIGTERM does. */
  readonly leave: () => void;
  /** Settled when its loop ends: how. */
  ended: Promise<string>;
  step: number;
}

export interface ClubOptions {
  /** @default replicated */
  readonly optimizer?: OptimizerPlacement;
  /** @default host */
  readonly exchange?: GradientExchange;
  readonly change?: Change;
  readonly onStep?: (step: number) => void;
  /** Of its own time, which goes on with every look at it. @default never */
  readonly checkpointEvery?: number;
  /** @default a new folder */
  readonly checkpointDir?: string;
}

/** What the coordinator does for a gang: rosters in order of arrival. */
export class Club {
  readonly #ready: Member[] = [];
  #generation = 0;
  readonly members: Member[] = [];
  readonly checkpointDir: string;
  /** That tensors are streamed, and how gradients are added. */
  readonly notes: string[] = [];
  #now = 0;
  /** Addresses by rank of each roster, the first of generation 1; none where a member went. */
  readonly rosters: (readonly string[])[] = [];
  readonly #least: number;
  readonly #options: ClubOptions;

  /** Nobody begins before `least` are ready. */
  constructor(least: number, options: ClubOptions = {}) {
    this.#least = least;
    this.#options = options;
    this.checkpointDir = options.checkpointDir ?? mkdtempSync(join(dir, 'checkpoints-'));
  }

  /** `inputs`: what it computes steps with, where that is wrong. */
  async add({
    sharedMemory,
    maps = true,
    inputs = inputsOf,
    stepBy = (made) => made,
    pulledBy = (open) => open.pull,
  }: {
    readonly sharedMemory?: string | null;
    /** Whether it maps files of shared memory, or reads and writes them. */
    readonly maps?: boolean;
    /** How it pulls, where that is not always possible. */
    readonly pulledBy?: (plane: TensorPlane) => TensorPlane['pull'];
    readonly inputs?: Parameters<typeof trainLoop>[3];
    /** What it computes steps by, where that is wrong. */
    readonly stepBy?: (made: ShardedStep, gang: ComputeGang) => ShardedStep;
  } = {}): Promise<Member> {
    const address = `unix:${join(dir, `m${planes.length}`)}`;
    const plane = await openTensorPlane({
      address,
      access: tokenAccess('t'),
      memory: maps ? nativeMemory() : undefined,
      onStreamed: (note) => this.notes.push(note),
      ...(sharedMemory !== undefined && { sharedMemory }),
    });
    planes.push(plane);
    const gang = createComputeGang({
      plane: () => Promise.resolve({ ...plane, pull: pulledBy(plane) }),
      stageKey: 'stage',
      onReady: () => {
        this.#ready.push(member);
        this.#announce();
      },
      onNote: (note) => this.notes.push(note),
    });
    const leaving = new AbortController();
    const reports: StageProgress[] = [];
    const member: Member = {
      leave: () => leaving.abort(),
      gang,
      sharded: stepBy(newStep(this.#options.change), gang),
      reports,
      plane,
      step: -1,
      ended: Promise.resolve(''),
    };
    this.members.push(member);
    const context: StageContext = {
      stage: { key: 'stage', kind: 'finetune-score', config: {} },
      item: 0,
      inputs: {},
      outputDir: dir,
      checkpointDir: this.checkpointDir,
      checkpointEveryMs: this.#options.checkpointEvery ?? 1e9,
      signal: leaving.signal,
      now: () => (this.#now += 1),
      gang,
      optimizer: this.#options.optimizer ?? 'replicated',
      exchange: this.#options.exchange ?? 'host',
      report: (progress) => {
        reports.push(progress);
        member.step = progress.step;
        this.#options.onStep?.(progress.step);
      },
    };
    member.ended = trainLoop(context, member.sharded, training, inputs, undefined, samplesOf, [list])
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
    this.rosters[this.#generation++] = members;
    this.#ready.forEach((member, rank) => member.gang.update({ generation: this.#generation, rank, members }));
  }
}
