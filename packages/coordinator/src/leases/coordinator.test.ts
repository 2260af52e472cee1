// The coordinator's decisions, with a real tracker and real artifacts in a temporary folder, a clock we turn, and no
// processes: workers are the calls they would make.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canonicalJson } from '@calm-orch/core';
import type { WorkItem } from '@calm-orch/rpc';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { adoptOutput } from '../artifacts/adoption.ts';
import { readArtifact } from '../artifacts/damage.ts';
import { Coordinator } from './coordinator.ts';
import type { CoordinatorEvent, CoordinatorOptions } from './records.ts';
import { layoutOf } from '../artifacts/layout.ts';
import type { PlanStage } from '../plan/plan.ts';
import { defaultPolicy } from './policy.ts';
import { timeLeft } from './time-left.ts';
import { never, optionsOf, recordRun, recordStages, stage } from './recorded-run.test-util.ts';

let dir: string;
let tracker: Tracker;
let nowMs: number;
let events: CoordinatorEvent[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-coordinator-'));
  tracker = openTracker(dir);
  nowMs = 0;
  events = [];
});

afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A coordinator of a recorded run, on the clock we turn. */
function coordinatorOf(
  runId: string,
  stages: PlanStage[],
  { foreign, ...more }: Partial<CoordinatorOptions> & { readonly foreign?: ReadonlySet<string> } = {},
): Coordinator {
  const onEvent = (event: CoordinatorEvent): void => void events.push(event);
  const options = { ...optionsOf(tracker, dir, runId, stages), now: () => nowMs, onEvent, ...more };
  return new Coordinator(options, { reused: new Set(), foreign });
}

function begin(stages: PlanStage[], policy = defaultPolicy): Coordinator {
  const coordinator = coordinatorOf(recordRun(tracker, stages).runId, stages, { policy });
  coordinator.start();
  for (const index of [0, 1]) {
    coordinator.register('trainer', index, `trainer ${index}`);
    coordinator.register('augmentor', index, `augmentor ${index}`);
  }
  return coordinator;
}

async function lease(coordinator: Coordinator, instance: string): Promise<WorkItem> {
  const work = await coordinator.lease(instance, 0, never);
  if (work === null || work === 'stop') throw new Error(`no lease: ${work}`);
  return work;
}

const compute = (work: WorkItem): void => {
  mkdirSync(work.outputDir, { recursive: true });
  writeFileSync(join(work.outputDir, `${work.item}.txt`), 'result');
};

test('leases items in order, completes the stage, and opens the stages that read it', async () => {
  const coordinator = begin([stage('data', 'augmentor', [], 2), stage('encode', 'trainer', ['data'])]);
  expect(await coordinator.lease('trainer 0', 0, never)).toBeNull();
  const first = await lease(coordinator, 'augmentor 0');
  const second = await lease(coordinator, 'augmentor 1');
  expect([first.item, second.item]).toEqual([0, 1]);
  for (const work of [first, second]) {
    compute(work);
    coordinator.complete(work.token, { metrics: { [`photos ${work.item}`]: 250 } });
  }
  await coordinator.settle();
  const artifact = readArtifact(layoutOf(dir), 'key-of-data')!;
  expect(artifact.files.map(({ path }) => path)).toEqual(['0.txt', '1.txt']);
  expect(artifact.result).toEqual({ metrics: { 'photos 0': 250, 'photos 1': 250 } });
  const work = await lease(coordinator, 'trainer 0');
  expect(work.inputs).toEqual({ data: join(dir, 'artifacts', 'key-of-data') });
  compute(work);
  coordinator.complete(work.token, { fingerprint: 'f' });
  await coordinator.ended;
  expect(tracker.listRunStages('test-1').map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
});

test('has a trainer wait for an artifact being written rather than begin a stage of a later seed', async () => {
  const later = { ...stage('pretrain-ssl', 'trainer'), seedPlace: 1 };
  const coordinator = begin([
    stage('finetune-comment', 'trainer'),
    stage('finetune-score', 'trainer', ['finetune-comment']),
    later,
  ]);
  const comment = await lease(coordinator, 'trainer 0');
  expect(comment.stage.kind).toBe('finetune-comment');
  compute(comment);
  coordinator.complete(comment.token, {});
  expect(await coordinator.lease('trainer 0', 0, never)).toBeNull();
  const asked = coordinator.lease('trainer 0', 1000, never);
  await coordinator.settle();
  expect(await asked).toMatchObject({ stage: { kind: 'finetune-score' } });
  expect((await lease(coordinator, 'trainer 1')).stage.kind).toBe('pretrain-ssl');
});

test('gives a worker that asks again the lease it has, and takes repeated calls once', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const work = await lease(coordinator, 'trainer 0');
  expect((await lease(coordinator, 'trainer 0')).token).toBe(work.token);
  const points = [{ step: 0, totalSteps: 9, metrics: { 'train/loss': 2 } }];
  coordinator.report(work.token, 1, points);
  coordinator.report(work.token, 1, [{ step: 0, totalSteps: 9, metrics: { 'train/loss': 5 } }]);
  expect(tracker.listMetrics('key-of-finetune-score')[0]!.points).toEqual([[0, 2]]);
  compute(work);
  coordinator.complete(work.token, {});
  coordinator.complete(work.token, {});
  coordinator.fail(work.token, 'raised', 'too late');
  await coordinator.ended;
  expect(() => coordinator.complete('unknown', {})).toThrow(/no such lease/);
});

test('passes on what a worker notes, once, and records it among the events of the run', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const work = await lease(coordinator, 'trainer 0');
  for (let repeat = 0; repeat < 2; repeat++) coordinator.report(work.token, 1, [], ['tensors are streamed']);
  const said = { type: 'note', label: 'finetune-score', message: 'tensors are streamed' };
  expect(events.filter(({ type }) => type === 'note')).toEqual([said]);
  const recorded = tracker.listEvents('test-1').filter(({ type }) => type === 'note');
  expect(recorded).toMatchObject([{ stageKey: 'key-of-finetune-score', message: 'tensors are streamed' }]);
});

test('fails an attempt whose report leaves steps out or repeats some, and takes a report that is sent again once', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const samples = (count: number) => Array.from({ length: count }, (_, i) => i);
  const range = (firstStep: number, endStep: number) => ({
    generation: 1,
    firstStep,
    endStep,
    samples: samples(endStep - firstStep),
  });
  const point = { step: 1, totalSteps: 9 };
  for (const [next, why] of [
    [range(3, 4), /attempt 1: reported step 3 where step 2 was next: step 2 is missing/],
    [range(1, 3), /attempt 2: reported steps 1 to 2 where step 2 was next: step 1 is there again/],
  ] as const) {
    const { token } = await lease(coordinator, 'trainer 0');
    const first = [{ ...point, applied: [range(0, 2)], anew: [] }];
    for (let sent = 0; sent < 2; sent++) coordinator.report(token, 1, first);
    expect(() => coordinator.report(token, 2, [{ ...point, applied: [next] }])).toThrow(why);
    expect(tracker.listAttempts('test-1').at(-1)).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(why),
    });
    expect(coordinator.heartbeat('trainer 0', token)).toBe('drop');
  }
  expect(tracker.findLineage('key-of-finetune-score')!.applied).toEqual([range(0, 2)]);
});

test('takes back a lease that was not renewed, and tells its late holder to drop it', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const late = await lease(coordinator, 'trainer 0');
  nowMs = 10_000;
  expect(coordinator.heartbeat('trainer 0', late.token)).toBe('continue');
  for (const idle of ['trainer 1', 'augmentor 0', 'augmentor 1'])
    expect(await coordinator.lease(idle, 0, never)).toBeNull();
  nowMs = 24_000;
  expect(coordinator.expire()).toEqual([]);
  nowMs = 26_000;
  expect(coordinator.expire()).toEqual(['trainer 0']);
  expect(coordinator.heartbeat('trainer 0', late.token)).toBe('drop');
  const again = await lease(coordinator, 'trainer 1');
  expect([again.attempt, again.item]).toEqual([2, 0]);
  coordinator.complete(late.token, { fingerprint: 'of the late one' });
  expect(existsSync(join(dir, 'artifacts'))).toBe(false);
});

test('replaces an idle worker that does not ask any more', async () => {
  const coordinator = begin([stage('data', 'augmentor', [], 2)]);
  nowMs = 19_000;
  for (const alive of ['trainer 0', 'augmentor 0', 'augmentor 1']) await coordinator.lease(alive, 0, never);
  expect(coordinator.expire()).toEqual([]);
  nowMs = 21_000;
  expect(coordinator.expire()).toEqual(['trainer 1']);
});

test('does not blame workers for the time it stood still itself', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  await lease(coordinator, 'trainer 0');
  nowMs = 60_000;
  coordinator.book.forgive(59_000);
  expect(coordinator.expire()).toEqual([]);
});

test('fails a stage whose item raises three times, skips what depends on it, and goes on with the rest', async () => {
  const stages = [stage('pretrain-ssl', 'trainer'), stage('finetune-comment', 'trainer', ['pretrain-ssl'])];
  const coordinator = begin([...stages, stage('data', 'augmentor')]);
  for (let i = 0; i < 3; i++)
    coordinator.fail((await lease(coordinator, 'trainer 0')).token, 'raised', 'bad photograph', `stack ${i}`);
  expect(coordinator.stages.map(({ state }) => state)).toEqual(['failed', 'skipped', 'waiting']);
  expect(coordinator.stages[0]!.error).toBe('item 0 failed 3 times: bad photograph');
  expect(tracker.listAttempts('test-1').map(({ stack }) => stack)).toEqual(['stack 0', 'stack 1', 'stack 2']);
  compute(await lease(coordinator, 'augmentor 0'));
  coordinator.complete((await lease(coordinator, 'augmentor 0')).token, {});
  await coordinator.ended;
  expect(events.map(({ type }) => type).filter((type) => type === 'stage failed')).toHaveLength(1);
});

test('fails a stage at once, with the reason, where something outside refuses', async () => {
  const coordinator = begin([stage('augment', 'augmentor')]);
  coordinator.fail((await lease(coordinator, 'augmentor 0')).token, 'refused', 'the server wants no max_tokens');
  expect(coordinator.stages[0]).toMatchObject({ state: 'failed', error: 'the server wants no max_tokens' });
});

test('does not count lost attempts as failures, but gives up after ten in a row without progress', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const loseAt = async (firstStep: number): Promise<void> => {
    const { token } = await lease(coordinator, 'trainer 0');
    coordinator.report(token, 1, [{ step: firstStep, totalSteps: 100 }]);
    coordinator.fail(token, 'lost', 'killed');
  };
  for (let i = 0; i < 9; i++) await loseAt(0);
  await loseAt(40);
  for (let i = 0; i < 9; i++) await loseAt(40);
  expect(coordinator.stages[0]!.state).toBe('waiting');
  await loseAt(40);
  expect(coordinator.stages[0]).toMatchObject({
    state: 'failed',
    error: 'item 0 lost its worker 10 times without progress: killed',
  });
});

test('forgets the numbers of steps that will be repeated', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const point = (step: number) => ({ step, totalSteps: 9, metrics: { 'train/loss': 9 - step } });
  const first = await lease(coordinator, 'trainer 0');
  coordinator.report(first.token, 1, [point(0), point(1), point(2)]);
  coordinator.workerExited('trainer 0', { ending: 'killed', reason: 'was ended by SIGKILL' });
  const second = await lease(coordinator, 'trainer 1');
  coordinator.report(second.token, 1, [point(1)]);
  expect(tracker.listMetrics('key-of-finetune-score')[0]!.points).toEqual([
    [0, 9],
    [1, 8],
  ]);
});

test('tells waiting and working workers to stop when the run is cancelled', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const work = await lease(coordinator, 'trainer 0');
  const waiting = coordinator.lease('trainer 1', 60_000, never);
  coordinator.stop();
  expect(await waiting).toBe('stop');
  expect(coordinator.heartbeat('trainer 0', work.token)).toBe('stop');
  coordinator.fail(work.token, 'cancelled', 'cancelled');
  expect(tracker.listAttempts('test-1').map(({ status }) => status)).toEqual(['cancelled']);
});

test('takes over from a coordinator that died: leases and rosters stay, who died meanwhile is replaced', async () => {
  const stages = [stage('finetune-score', 'trainer'), stage('pretrain-ssl', 'trainer')];
  const policy = { ...defaultPolicy, gangMinLeftMs: 0 };
  const before = begin(stages, policy);
  for (const index of [2, 3]) before.register('trainer', index, `trainer ${index}`);
  const works = [await lease(before, 'trainer 0'), await lease(before, 'trainer 1')];
  const [shared, other] = works as [WorkItem, WorkItem];
  await before.join({ token: shared.token, address: 'unix:a', generation: 0 }, 0, never);
  nowMs = 1000;
  for (const step of [1, 2]) {
    nowMs += 1000;
    before.report(shared.token, step, [{ step, totalSteps: 9, metrics: { 'train/loss': 1 / step } }]);
  }
  const joined = await lease(before, 'trainer 2');
  const dies = await lease(before, 'trainer 3');
  expect([joined, dies].map((work) => work.stage.key)).toEqual([shared, shared].map((work) => work.stage.key));
  await before.join({ token: joined.token, address: 'unix:b', generation: 0 }, 0, never);
  const roster = await before.join({ token: shared.token, address: 'unix:a', generation: 1 }, 0, never);
  expect(roster).toEqual({ generation: 2, rank: 0, members: ['unix:a', 'unix:b'] });

  const workers = [0, 1, 2].map((index) => {
    const instance = `trainer ${index}`;
    return { role: 'trainer', index, pid: index, started: '', instance, hasRegistered: true, engine: null } as const;
  });
  const instances = new Set(workers.map(({ instance }) => instance));
  const attempts = tracker.keepAttempts('test-1', new Set(stages.map(({ key }) => key)), instances);
  expect(attempts.map(({ token }) => token).sort()).toEqual([shared, other, joined].map(({ token }) => token).sort());
  const next = coordinatorOf('test-1', stages, { policy });
  next.restore({ workers, attempts, ended: [dies.token] });
  next.start();
  expect((await lease(next, 'trainer 1')).token).toBe(other.token);
  expect(next.heartbeat('trainer 0', shared.token)).toBe('continue');
  // Nothing has changed for the members: they wait for a newer roster.
  expect(await next.join({ token: shared.token, address: 'unix:a', generation: 2 }, 0, never)).toBeNull();
  expect(await next.join({ token: dies.token, address: 'unix:c', generation: 2 }, 0, never)).toMatchObject({
    rank: -1,
  });
  next.workerExited('trainer 2', { ending: 'killed', reason: 'was ended by SIGKILL' });
  expect(await next.join({ token: shared.token, address: 'unix:a', generation: 2 }, 0, never)).toEqual({
    generation: 3,
    rank: 0,
    members: ['unix:a'],
  });
  next.report(shared.token, 1, [{ step: 3, totalSteps: 9, metrics: { 'train/loss': 0.3 } }]);
  expect(tracker.listMetrics(shared.stage.key)[0]!.points.map(([step]) => step)).toEqual([1, 2, 3]);
  for (const work of works) {
    compute(work);
    next.complete(work.token, {});
  }
  await next.ended;
});

test('executes a stage that another run beside it has failed', async () => {
  const stages = [stage('data', 'augmentor'), stage('encode', 'trainer', ['data'])];
  const first = begin(stages, { ...defaultPolicy, maxFailures: 1 });
  const { runId, foreign } = recordRun(tracker, stages);
  expect(foreign.size).toBe(2);
  const second = coordinatorOf(runId, stages, { foreign });
  second.start();
  second.register('augmentor', 0, 'of the second');
  second.claimForeign();
  expect(await second.lease('of the second', 0, never)).toBeNull();
  first.fail((await lease(first, 'augmentor 0')).token, 'raised', 'a bad photograph');
  expect(tracker.getRun('test-1').status).toBe('running');
  second.claimForeign();
  const work = await lease(second, 'of the second');
  compute(work);
  second.complete(work.token, {});
  await second.settle();
  expect(tracker.findStage('key-of-data')?.status).toBe('succeeded');
});

test('tells a process that is none of its workers to end', async () => {
  const stages = [stage('data', 'augmentor')];
  const coordinator = coordinatorOf(recordRun(tracker, stages).runId, stages, { isOwn: (name) => name === 'own' });
  coordinator.start();
  coordinator.register('augmentor', 0, 'own');
  coordinator.register('augmentor', 0, 'stray');
  expect(await coordinator.lease('stray', 0, never)).toBe('stop');
  expect((await lease(coordinator, 'own')).item).toBe(0);
});

test('leases a stage whose key names an engine to workers with that engine alone, and says who gets none', async () => {
  const engine = (instructionSet: string) => ({ version: '2.20.0', instructionSet });
  const named = { engine: canonicalJson(engine('AVX-512')) };
  const stages = [
    { ...stage('finetune-score', 'trainer'), ...named },
    { ...stage('pretrain-ssl', 'trainer'), ...named },
    stage('data', 'augmentor'),
  ];
  const policy = { ...defaultPolicy, gangMinLeftMs: 0 };
  const coordinator = coordinatorOf(recordRun(tracker, stages).runId, stages, { policy });
  coordinator.start();
  const facts = { host: 'there', place: '', numCores: 2, numGpus: 0, threads: null };
  coordinator.register('augmentor', 0, 'augmentor', { ...facts, engine: null });
  for (let again = 0; again < 2; again++)
    coordinator.register('trainer', 0, 'other', { ...facts, engine: engine('AVX2') });
  expect(coordinator.hasWorker('trainer')).toBe(false);
  expect(await coordinator.lease('other', 0, never)).toBeNull();
  expect((await lease(coordinator, 'augmentor')).stage.kind).toBe('data');
  // Members of any order: what is compared is what they mean.
  coordinator.register('trainer', 1, 'fits', { ...facts, engine: { instructionSet: 'AVX-512', version: '2.20.0' } });
  coordinator.register('trainer', 2, 'of an earlier version');
  expect(coordinator.hasWorker('trainer')).toBe(true);
  const shared = await lease(coordinator, 'fits');
  await coordinator.join({ token: shared.token, address: 'unix:a', generation: 0 }, 0, never);
  expect((await lease(coordinator, 'of an earlier version')).stage.key).not.toBe(shared.stage.key);
  for (const step of [1, 2]) {
    nowMs += 1000;
    coordinator.report(shared.token, step, [{ step, totalSteps: 9 }]);
  }
  // Nor does it join a gang.
  expect(await coordinator.lease('other', 0, never)).toBeNull();
  const message = 'gets no stage: its engine is not the one their keys name: instructionSet is "AVX2", not "AVX-512"';
  expect(events.filter(({ type }) => type === 'note')).toEqual([{ type: 'note', label: 'trainer 0', message }]);
  const notes = tracker.listEvents('test-1').filter(({ type }) => type === 'note');
  expect(notes.map((note) => note.message)).toEqual([`trainer 0: ${message}`]);
  for (const gone of ['fits', 'of an earlier version'])
    coordinator.workerExited(gone, { ending: 'lost', reason: 'ended' });
  expect(coordinator.hasWorker('trainer')).toBe(false);
});

test('leases a stage that reads loose files to workers that see the run folder, and says who gets none', async () => {
  const stages = [
    { ...stage('data', 'augmentor'), readsLooseFiles: true },
    { ...stage('encode', 'trainer', ['data']), readsLooseFiles: true },
    stage('pretrain-ssl', 'trainer'),
  ];
  const coordinator = coordinatorOf(recordRun(tracker, stages).runId, stages);
  coordinator.start();
  const facts = { host: 'there', place: '', numCores: 2, numGpus: 0, threads: null, engine: null };
  coordinator.register('augmentor', 0, 'far augmentor', { ...facts, ownFolder: true });
  coordinator.register('trainer', 0, 'far', { ...facts, ownFolder: true });
  expect(await coordinator.lease('far augmentor', 0, never)).toBeNull();
  const message = 'gets no stage: they read files that are no artifacts, and it does not see the run folder';
  expect(events.filter(({ type }) => type === 'note')).toEqual([{ type: 'note', label: 'augmentor 0', message }]);
  expect((await lease(coordinator, 'far')).stage.kind).toBe('pretrain-ssl');
  // Nobody for `encode`.
  expect([coordinator.hasWorker('augmentor'), coordinator.hasWorker('trainer')]).toEqual([false, false]);
  coordinator.register('augmentor', 1, 'near augmentor', facts);
  coordinator.register('trainer', 1, 'near', facts);
  expect([coordinator.hasWorker('augmentor'), coordinator.hasWorker('trainer')]).toEqual([true, true]);
  expect((await lease(coordinator, 'near augmentor')).stage.kind).toBe('data');
});

test('has a gang give up a trainer though one is idle whose engine no stage names', async () => {
  const named = { engine: '"ours"' };
  const stages = [
    { ...stage('finetune-score', 'trainer'), ...named, cost: 5 },
    { ...stage('pretrain-ssl', 'trainer', ['data']), ...named },
    stage('data', 'augmentor'),
  ];
  const policy = { ...defaultPolicy, gangMinLeftMs: 0 };
  const coordinator = coordinatorOf(recordRun(tracker, stages).runId, stages, { policy });
  coordinator.start();
  const facts = { host: 'there', place: '', numCores: 2, numGpus: 0, threads: null };
  for (const [index, engine] of ['ours', 'ours', 'another'].entries())
    coordinator.register('trainer', index, `trainer ${index}`, { ...facts, engine });
  coordinator.register('augmentor', 0, 'augmentor', { ...facts, engine: null });
  const shared = await lease(coordinator, 'trainer 0');
  await coordinator.join({ token: shared.token, address: 'unix:a', generation: 0 }, 0, never);
  for (const step of [1, 2]) {
    nowMs += 1000;
    coordinator.report(shared.token, step, [{ step, totalSteps: 9 }]);
  }
  const joined = await lease(coordinator, 'trainer 1');
  expect(joined.stage.key).toBe(shared.stage.key);
  const data = await lease(coordinator, 'augmentor');
  compute(data);
  coordinator.complete(data.token, {});
  await coordinator.settle();
  expect(coordinator.heartbeat('trainer 1', joined.token)).toBe('drop');
  expect((await lease(coordinator, 'trainer 1')).stage.kind).toBe('pretrain-ssl');
});

test('gives a worker the next item with the answer to its last, once, and none while it stops', async () => {
  const coordinator = begin([stage('data', 'augmentor', [], 3)]);
  const first = await lease(coordinator, 'augmentor 0');
  const second = (await coordinator.completeAndLease(first.token, {}, 'augmentor 0'))!;
  expect(second.item).toBe(1);
  // The answer was lost, and the call is repeated: it holds that item.
  expect(await coordinator.completeAndLease(first.token, {}, 'augmentor 0')).toEqual(second);
  expect(await coordinator.completeAndLease(first.token, {}, 'nobody')).toBe(null);
  coordinator.stop();
  expect(await coordinator.completeAndLease(second.token, {}, 'augmentor 0')).toBe(null);
  expect(coordinator.stages[0]).toMatchObject({ numDone: 2, queued: [2] });
});

test('calls that come in at once share a commit, and a stale one among them takes nobody along', async () => {
  const coordinator = begin([stage('data', 'augmentor', [], 12)]);
  const names = [0, 1, 2, 3, 4, 5].map((i) => `augmentor ${i}`);
  for (const [i, name] of names.entries()) coordinator.register('augmentor', i, name);
  const works = await Promise.all(names.map((name) => lease(coordinator, name)));
  const answers = await Promise.allSettled([
    ...works.map(({ token }, i) => coordinator.completeAndLease(token, {}, `augmentor ${i}`)),
    coordinator.completeAndLease('no token of ours', {}, 'augmentor 0'),
  ]);
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value?.item : answer.reason.code))).toEqual([
    ...[6, 7, 8, 9, 10, 11],
    'lease_lost',
  ]);
  expect(coordinator.stages[0]).toMatchObject({ numDone: 6, queued: [] });
});

test('takes of an item what its last attempt has written, whatever others write and have written', async () => {
  const coordinator = begin([stage('data', 'augmentor', [], 2)]);
  const write = ({ outputDir }: WorkItem, name: string, text: string): void => {
    mkdirSync(join(outputDir, 'images'), { recursive: true });
    writeFileSync(join(outputDir, 'images', name), text);
  };
  const late = await lease(coordinator, 'augmentor 0');
  write(late, '0.png', 'of the late one');
  write(late, 'half.png', 'of the late one');
  coordinator.fail(late.token, 'lost', 'no heartbeat');
  await expect.poll(() => existsSync(late.outputDir)).toBe(false);
  const works = [await lease(coordinator, 'augmentor 0'), await lease(coordinator, 'augmentor 1')];
  expect(new Set([late, ...works].map(({ outputDir }) => outputDir)).size).toBe(3);
  for (const work of works) {
    write(work, `${work.item}.png`, `picture ${work.item}`);
    coordinator.complete(work.token, {});
    write(late, '0.png', 'of the late one again');
  }
  await coordinator.settle();
  const layout = layoutOf(dir);
  expect(readArtifact(layout, 'key-of-data')!.files.map(({ path }) => path)).toEqual(['images/0.png', 'images/1.png']);
  expect(readFileSync(join(layout.artifact('key-of-data'), 'images/0.png'), 'utf8')).toBe('picture 0');
  await expect.poll(() => readdirSync(join(dir, 'staging'))).toEqual([]);
});

test('fails an item whose files are not where the coordinator looks, as on a host without this run folder', async () => {
  const coordinator = begin([stage('data', 'augmentor')], { ...defaultPolicy, maxFailures: 1 });
  const facts = { host: 'there', place: '', numCores: 2, numGpus: 0, threads: null, engine: null };
  coordinator.register('augmentor', 2, 'elsewhere', facts);
  const { token } = await lease(coordinator, 'elsewhere');
  coordinator.complete(token, {});
  expect(coordinator.stages[0]).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/what augmentor 2 has written is not in .*: does it see this run folder\?$/),
  });
});

test('removes at its start what attempts of an earlier session have left, but for those that go on', async () => {
  const stages = [stage('data', 'augmentor', [], 2)];
  const before = begin(stages);
  const [goesOn, dies] = [await lease(before, 'augmentor 0'), await lease(before, 'augmentor 1')];
  for (const work of [goesOn, dies]) compute(work);
  const attempts = tracker.keepAttempts('test-1', new Set(['key-of-data']), new Set(['augmentor 0']));
  const next = coordinatorOf('test-1', stages);
  const worker = { role: 'augmentor', index: 0, pid: 1, started: '', instance: 'augmentor 0', engine: null } as const;
  next.restore({ workers: [{ ...worker, hasRegistered: true }], attempts, ended: [] });
  next.start();
  expect([goesOn, dies].map(({ outputDir }) => existsSync(outputDir))).toEqual([true, false]);
  next.complete(goesOn.token, {});
  expect(readFileSync(join(layoutOf(dir).staging('key-of-data'), '0.txt'), 'utf8')).toBe('result');
});

test('completes on the next start what was finished but not published', async () => {
  const stages = [stage('data', 'augmentor')];
  const coordinator = begin(stages);
  const work = await lease(coordinator, 'augmentor 0');
  compute(work);
  tracker.finishItem(work.token, { metrics: { photos: 1 } }, () =>
    adoptOutput(layoutOf(dir), work.stage.key, work.token),
  );
  tracker.endRun('test-1', 'failed');
  tracker.resumeRun('test-1', { pid: process.pid });
  recordStages(tracker, 'test-1', stages);
  const next = coordinatorOf('test-1', stages);
  next.start();
  await next.ended;
  expect(readArtifact(layoutOf(dir), 'key-of-data')).not.toBeNull();
});

test('halves the time that is left once a third of the stages took half of what they were estimated to take', async () => {
  // 2 s each by their costs, one trainer; word of a short training comes late: once, of all its steps.
  const stages = Array.from({ length: 6 }, (_, i) => ({
    ...stage(i < 3 ? 'finetune-comment' : 'finetune-score', 'trainer'),
    key: `stage ${i}`,
    cost: 1000,
  }));
  const coordinator = begin(stages);
  const counts = { trainer: 1, augmentor: 0, evaluator: 0 };
  const left = (): number | null => timeLeft(coordinator.stages, coordinator.book.leases, counts, nowMs);
  expect(left()).toBeNull();
  for (const done of [1, 2]) {
    const work = await lease(coordinator, 'trainer 0');
    await coordinator.join({ token: work.token, address: 'unix:a', generation: 0 }, 0, never);
    nowMs += 1000;
    coordinator.report(
      work.token,
      1,
      [0, 4, 9].map((step) => ({ step, totalSteps: 10 })),
    );
    compute(work);
    coordinator.complete(work.token, {});
    await coordinator.settle();
    if (done === 1) expect(left()).toBeNull();
  }
  expect(left()).toBeCloseTo(4 * 1000);
});

test('of a training that goes on from a checkpoint only what was done here tells its speed', async () => {
  const coordinator = begin([stage('finetune-score', 'trainer')]);
  const { token } = await lease(coordinator, 'trainer 0');
  await coordinator.join({ token, address: 'unix:a', generation: 0 }, 0, never);
  coordinator.report(token, 1, [{ step: 600, totalSteps: 1000 }]);
  nowMs = 4000;
  coordinator.report(token, 2, [{ step: 800, totalSteps: 1000 }]);
  const counts = { trainer: 1, augmentor: 0, evaluator: 0 };
  expect(timeLeft(coordinator.stages, coordinator.book.leases, counts, nowMs)).toBeCloseTo(4000);
});
