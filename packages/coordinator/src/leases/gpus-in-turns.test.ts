// Who computes on a GPU that a trainer and an evaluator share. No GPU is there: the coordinator knows of one by its number.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Role } from '@calm-orch/core';
import type { WorkItem } from '@calm-orch/rpc';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { gpuInTurns } from '../runs/gpus.ts';
import type { PlanStage } from '../plan/plan.ts';
import { Coordinator } from './coordinator.ts';
import { defaultPolicy } from './policy.ts';
import { never, optionsOf, recordRun, stage } from './recorded-run.test-util.ts';

let dir: string;
let tracker: Tracker;
let coordinator: Coordinator;
let nowMs: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-turns-'));
  tracker = openTracker(dir);
  nowMs = 0;
});

afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Trainers with a GPU each, the last of which the evaluator has, too. */
function begin(stages: PlanStage[], numTrainers: number): void {
  const machine = { numCores: 8, numGpus: numTrainers };
  const counts = { trainer: numTrainers, augmentor: 1, evaluator: 1 };
  coordinator = new Coordinator(
    {
      ...optionsOf(tracker, dir, recordRun(tracker, stages).runId, stages),
      policy: { ...defaultPolicy, gangMinLeftMs: 0 },
      now: () => nowMs,
      onEvent: () => {},
      gpuInTurns: (role: Role, index: number) => gpuInTurns(role, index, counts, machine),
    },
    { reused: new Set() },
  );
  coordinator.start();
  for (let index = 0; index < numTrainers; index++) coordinator.register('trainer', index, `trainer ${index}`);
  coordinator.register('evaluator', 0, 'evaluator');
  coordinator.register('augmentor', 0, 'augmentor');
}

const ask = async (instance: string): Promise<WorkItem | null> => {
  const work = await coordinator.lease(instance, 0, never);
  if (work === 'stop') throw new Error('told to stop');
  return work;
};

const lease = async (instance: string, kind: string): Promise<WorkItem> => {
  const work = await ask(instance);
  expect(work?.stage.kind).toBe(kind);
  return work!;
};

/** What it computed is handed over; what it gets with the answer. */
const finish = (instance: string, { token, outputDir }: WorkItem): Promise<WorkItem | null> => {
  mkdirSync(outputDir, { recursive: true });
  return coordinator.completeAndLease(token, {}, instance);
};

test('gives a trainer and an evaluator of one GPU work in turns, the evaluation first', async () => {
  const stages = [
    stage('finetune-score', 'trainer'),
    stage('pretrain-ssl', 'trainer'),
    stage('baselines', 'evaluator'),
  ];
  begin([...stages, stage('evaluate-score', 'evaluator', ['finetune-score'])], 1);
  // Who has not asked yet may hold memory of its GPU.
  expect(await ask('trainer 0')).toBeNull();
  const baselines = await lease('evaluator', 'baselines');
  const training = coordinator.lease('trainer 0', 1000, never);
  expect(await finish('evaluator', baselines)).toBeNull();
  // Its process is about to end: the trainer has the GPU when it says so, by asking.
  expect(await ask('trainer 0')).toBeNull();
  expect(await ask('evaluator')).toBeNull();
  const score = (await training) as WorkItem;
  expect(score.stage.kind).toBe('finetune-score');
  expect(await ask('evaluator')).toBeNull();
  // The evaluation is ready once the artifact is written; the next training waits for it.
  expect(await finish('trainer 0', score)).toBeNull();
  const evaluating = coordinator.lease('evaluator', 1000, never);
  expect(await ask('trainer 0')).toBeNull();
  await coordinator.settle();
  const evaluation = (await evaluating) as WorkItem;
  expect(evaluation.stage.kind).toBe('evaluate-score');
  expect(await ask('trainer 0')).toBeNull();
  await finish('evaluator', evaluation);
  expect(await ask('evaluator')).toBeNull();
  await lease('trainer 0', 'pretrain-ssl');
});

test('gives a trainer its next item with the answer to its last, while there is nothing to evaluate', async () => {
  begin([stage('encode', 'trainer', [], 2), stage('evaluate-score', 'evaluator', ['encode'])], 1);
  expect(await ask('evaluator')).toBeNull();
  const first = await lease('trainer 0', 'encode');
  const second = (await finish('trainer 0', first))!;
  expect(second.item).toBe(1);
  expect(await finish('trainer 0', second)).toBeNull();
  expect(await ask('trainer 0')).toBeNull();
  await coordinator.settle();
  await lease('evaluator', 'evaluate-score');
});

test('makes no gang smaller for an evaluation, which has its turn when the gang ends', async () => {
  const stages = [stage('finetune-score', 'trainer'), stage('data', 'augmentor')];
  const after = [stage('baselines', 'evaluator', ['data']), stage('pretrain-ssl', 'trainer', ['finetune-score'])];
  begin([...stages, ...after], 2);
  for (const instance of ['trainer 1', 'evaluator']) await coordinator.lease(instance, 0, AbortSignal.abort());
  const first = await lease('trainer 0', 'finetune-score');
  await coordinator.join({ token: first.token, address: 'unix:a', generation: 0 }, 0, never);
  for (const step of [1, 2]) {
    nowMs += 1000;
    coordinator.report(first.token, step, [{ step, totalSteps: 9 }]);
  }
  const second = await lease('trainer 1', 'finetune-score');
  await finish('augmentor', await lease('augmentor', 'data'));
  await coordinator.settle();
  expect(await ask('evaluator')).toBeNull();
  expect(coordinator.heartbeat('trainer 1', second.token)).toBe('continue');
  expect(await finish('trainer 0', first)).toBeNull();
  expect(coordinator.heartbeat('trainer 1', second.token)).toBe('drop');
  // It is released, and computes until it hears of that.
  expect(await ask('evaluator')).toBeNull();
  await coordinator.settle();
  expect(await ask('trainer 1')).toBeNull();
  await lease('evaluator', 'baselines');
  await lease('trainer 0', 'pretrain-ssl');
});

test('a worker that is late keeps its GPU until its process has ended', async () => {
  begin([stage('finetune-score', 'trainer'), stage('baselines', 'evaluator')], 1);
  expect(await ask('trainer 0')).toBeNull();
  const baselines = await lease('evaluator', 'baselines');
  nowMs += defaultPolicy.leaseTtlMs + 1;
  expect(coordinator.expire()).toContain('evaluator');
  expect(coordinator.heartbeat('evaluator', baselines.token)).toBe('drop');
  expect(await ask('trainer 0')).toBeNull();
  coordinator.workerExited('evaluator', { ending: 'replaced', reason: 'was replaced' });
  await lease('trainer 0', 'finetune-score');
});
