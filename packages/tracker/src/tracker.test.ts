import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from './database/sqlite.ts';
import { facts } from './stores/folder.test-util.ts';
import type { NewRun, PlannedStage } from './types.ts';
import { openTracker, type Tracker, type TrackerOptions } from './tracker.ts';

let dir: string;
let nowMs: number;
/** Processes of this host, and when they started. */
let alive: Map<number, string>;
let tracker: Tracker;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tracker-'));
  nowMs = 1_000_000;
  alive = new Map([
    [1, 'monday'],
    [2, 'monday'],
  ]);
  tracker = open();
});

afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

function open(more: TrackerOptions = {}): Tracker {
  let tokens = 0;
  return openTracker(dir, {
    clock: () => nowMs++,
    newToken: () => `token-${++tokens}`,
    host: 'here',
    place: 'this boot/this namespace',
    processStart: (pid) => alive.get(pid) ?? null,
    ...more,
  });
}

const trial = { row: 'all', seed: 0 };

function newRun(more: Partial<NewRun> = {}): NewRun {
  return {
    experiment: 'smoke',
    title: 'Smoke',
    path: '/x/smoke.yaml',
    hash: 'h',
    pid: 1,
    trials: [trial],
    resolved: { rows: [] },
    versions: { node: '20' },
    machine: { cores: 2 },
    ...more,
  };
}

function stage(key: string, more: Partial<PlannedStage> = {}): PlannedStage {
  return {
    key,
    kind: 'data',
    role: 'augmentor',
    config: {},
    inputs: {},
    numItems: 1,
    trials: [trial],
    reuse: false,
    ...more,
  };
}

/** Plans and finishes stages, one item each. */
function finish(runId: string, key: string, result = {}): void {
  tracker.finishItem(tracker.startAttempt(runId, key, 0, 'trainer 0').token, result);
  tracker.succeedStage(runId, key, result, [{ path: 'a.bin', bytes: 1, sha256: 'f' }]);
}

test('a trial follows its stages from queued over running to succeeded, with the fingerprint of its last training', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [
    stage('c', { kind: 'finetune-comment', role: 'trainer' }),
    stage('s', { kind: 'finetune-score', role: 'trainer', inputs: { comment: 'c' } }),
    stage('e', { kind: 'evaluate-score', role: 'evaluator', inputs: { model: 's' } }),
  ]);
  const shown = () => tracker.getRun(id).trials[0];
  expect(shown()).toEqual({ row: 'all', seed: 0, status: 'queued', fingerprint: null });
  finish(id, 'c', { fingerprint: 'of the comment' });
  expect(shown()).toMatchObject({ status: 'running', fingerprint: null });
  finish(id, 's', { fingerprint: 'of the score' });
  finish(id, 'e', { metrics: { PLCC: 0.8, SRCC: null } });
  tracker.endRun(id, 'succeeded');
  expect(shown()).toMatchObject({ status: 'succeeded', fingerprint: 'of the score' });
  expect(tracker.trialMetrics(id)).toEqual([
    { ...trial, name: 'PLCC', value: 0.8 },
    { ...trial, name: 'SRCC', value: null },
  ]);
  expect(tracker.listEvents(id).map(({ type }) => type)).toContain('stage succeeded');
});

test('a kind of stage this version does not know is listed like any other, and trains and measures', () => {
  const { id } = tracker.createRun(newRun());
  const kind = 'of-a-newer-version';
  tracker.upsertStages(id, [stage('s', { kind, role: 'trainer' }), stage('e', { kind, role: 'evaluator' })]);
  finish(id, 's', { fingerprint: 'of the newer' });
  finish(id, 'e', { metrics: { PLCC: 0.8 } });
  expect(tracker.listRunStages(id).map((each) => each.kind)).toEqual([kind, kind]);
  expect(tracker.getRun(id).trials).toMatchObject([{ status: 'succeeded', fingerprint: 'of the newer' }]);
  expect(tracker.trialMetrics(id)).toEqual([{ ...trial, name: 'PLCC', value: 0.8 }]);
});

test('a second run of the same folder reuses stages and counts its experiment up', () => {
  const first = tracker.createRun(newRun());
  tracker.upsertStages(first.id, [stage('d')]);
  finish(first.id, 'd');
  tracker.endRun(first.id, 'succeeded');
  const second = tracker.createRun(newRun({ pid: 2 }));
  expect([first.id, second.id]).toEqual(['smoke-1', 'smoke-2']);
  expect(tracker.findSucceededStage('d')?.artifacts).toEqual([{ path: 'a.bin', bytes: 1, sha256: 'f' }]);
  tracker.upsertStages(second.id, [stage('d', { reuse: true })]);
  expect(tracker.listRunStages(second.id)).toMatchObject([
    { key: 'd', execution: 'reused', status: 'succeeded', firstRunId: 'smoke-1' },
  ]);
  expect(tracker.listRunStages(first.id)).toMatchObject([{ execution: 'executed' }]);
  expect(tracker.listRuns().map(({ id }) => id)).toEqual(['smoke-2', 'smoke-1']);
});

test('a run under way is extended: it has the new trials, what it resolves to now, and its stages', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('d')]);
  finish(id, 'd');
  const next = { row: 'all', seed: 1 };
  const extended = tracker.extendRun(id, { resolved: { seeds: 2 }, hash: 'other', trials: [trial, next] });
  expect(extended).toMatchObject({ status: 'running', resolved: { seeds: 2 }, hash: 'other' });
  tracker.upsertStages(id, [stage('d', { reuse: true }), stage('e', { trials: [next] })]);
  expect(tracker.getRun(id).trials).toMatchObject([
    { seed: 0, status: 'succeeded' },
    { seed: 1, status: 'queued' },
  ]);
  // What it made itself stays its own.
  expect(tracker.listRunStages(id)).toMatchObject([{ execution: 'executed' }, { key: 'e', status: 'queued' }]);
});

test('a stage whose artifact is gone is queued again from its first item, and another result is noted', () => {
  const first = tracker.createRun(newRun());
  tracker.upsertStages(first.id, [stage('d')]);
  finish(first.id, 'd', { fingerprint: 'one' });
  tracker.endRun(first.id, 'succeeded');
  const second = tracker.createRun(newRun());
  tracker.upsertStages(second.id, [stage('d')]);
  expect(tracker.unfinishedItems('d')).toEqual([0]);
  expect(tracker.findSucceededStage('d')).toBeNull();
  finish(second.id, 'd', { fingerprint: 'two' });
  expect(tracker.listEvents(second.id).find(({ type }) => type === 'note')?.message).toMatch(/one.*before.*two.*now/);
});

test('a run whose coordinator is gone is shown as failed (interrupted) at once, and its work can be resumed', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('d', { numItems: 2 })]);
  tracker.finishItem(tracker.startAttempt(id, 'd', 0, 'augmentor 0').token, {});
  const held = tracker.startAttempt(id, 'd', 1, 'augmentor 0');
  for (const name of [undefined, id])
    expect(() => tracker.findResumableRun(name)).toThrow(/smoke-1 is at work on here \(process 1\), heard of 0 s ago/);
  alive.delete(1);
  expect(tracker.getRun(id)).toMatchObject({ status: 'failed', interrupted: true, error: /interrupted/ });
  expect(tracker.getRun(id).trials[0]?.status).toBe('failed');
  expect(tracker.findResumableRun()?.id).toBe(id);
  const resumed = tracker.resumeRun(id, { pid: 2 });
  expect(resumed).toMatchObject({ status: 'running', interrupted: false, error: null, session: 2, pid: 2 });
  expect(() => tracker.finishItem(held.token, {})).toThrow(/lease was taken back/);
  tracker.upsertStages(id, [stage('d', { numItems: 2 })]);
  expect(tracker.unfinishedItems('d')).toEqual([1]);
  expect(tracker.startAttempt(id, 'd', 1, 'augmentor 1').attempt).toBe(2);
});

test.each([
  ['on another host', { host: 'there' }],
  ['in another PID namespace of this host', { place: 'this boot/another namespace' }],
  ['before this host was started again', { place: 'another boot/this namespace' }],
])('a coordinator %s is gone when its heartbeat is stale; should it come back, it is told', (_where, elsewhere) => {
  const { id } = tracker.createRun(newRun());
  tracker.recordWorker(id, { role: 'trainer', index: 0, pid: 2, instance: 'i' });
  const there = open({ ...elsewhere, clock: () => nowMs, processStart: () => null });
  tracker.heartbeatRun(id);
  nowMs += 3_000;
  expect(there.getRun(id)).toMatchObject({ status: 'running', heard: { isElsewhere: true } });
  for (const name of [undefined, id])
    expect(() => there.findResumableRun(name)).toThrow(
      /^run smoke-1 is at work on here \(process 1\), heard of 3 s ago/,
    );
  nowMs += 56_000;
  expect(() => there.resumeRun(id, { pid: 2 })).toThrow(/smoke-1 is at work on here .*once nothing was heard for 60 s/);
  expect(there.livingWorkers(id)).toEqual([]);
  expect(tracker.livingWorkers(id)).toHaveLength(1);
  nowMs += 2_000;
  expect(there.getRun(id)).toMatchObject({ status: 'failed', interrupted: true, heard: null });
  there.resumeRun(id, { pid: 2 });
  const told = { code: 'superseded', data: { workersAreTaken: false } };
  expect(() => tracker.heartbeatRun(id)).toThrow(expect.objectContaining(told));
  there.close();
});

test('a coordinator whose clock runs ahead is left alone', () => {
  const { id } = tracker.createRun(newRun());
  const there = open({ host: 'there', clock: () => nowMs - 3_600_000 });
  expect(() => there.resumeRun(id, { pid: 2 })).toThrow(/heard of just now \(by its clock 3600 s from now\)/);
  there.close();
});

test('a run recorded before places were told apart is looked at on its host as it was', () => {
  const { id } = tracker.createRun(newRun());
  const sqlite = openSqlite(tracker.path);
  sqlite.exec('UPDATE runs SET place = NULL');
  sqlite.close();
  expect(tracker.getRun(id)).toMatchObject({ status: 'running', heard: { isElsewhere: false } });
  alive.delete(1);
  expect(tracker.getRun(id)).toMatchObject({ status: 'failed', interrupted: true });
});

test('resume names the newest run that is at work, and the older one that is not', () => {
  const first = tracker.createRun(newRun());
  tracker.endRun(first.id, 'failed');
  tracker.createRun(newRun());
  expect(() => tracker.findResumableRun()).toThrow(/smoke-2 is at work .*`calm-orch resume smoke-1` goes on/);
  expect(tracker.findResumableRun('smoke-1')?.id).toBe('smoke-1');
});

test('a coordinator that was superseded changes nothing: not the run, its stages and attempts, nor what is recorded', () => {
  const { id } = tracker.createRun(newRun());
  const plan = [stage('d', { numItems: 4 }), stage('e')];
  tracker.upsertStages(id, plan);
  tracker.recordWorker(id, { role: 'augmentor', index: 0, pid: 2, instance: 'lives' });
  const { token } = tracker.startAttempt(id, 'd', 0, 'augmentor 0', { instance: 'lives' });
  // For the next one the process is gone, though it goes on.
  const next = open({ processStart: (pid) => (pid === 1 ? null : (alive.get(pid) ?? null)), newToken: () => 'next' });
  next.resumeRun(id, { pid: 2, keepAttempts: true });
  next.upsertStages(id, plan);
  next.keepAttempts(id, new Set(['d']), new Set(['lives']));

  const recorded = () => [
    next.getRun(id).status,
    next.listRunStages(id).map(({ status }) => status),
    next.listAttempts(id),
    next.listEvents(id),
    next.livingWorkers(id),
    next.listMetrics('d'),
    next.lastGeneration('d'),
  ];
  const before = recorded();
  const point = { runId: id, stageKey: 'd', step: 0, name: 'train/loss', value: 1 };
  const writes: Record<string, () => unknown> = {
    endRun: () => tracker.endRun(id, 'failed'),
    heartbeatRun: () => tracker.heartbeatRun(id),
    upsertStages: () => tracker.upsertStages(id, plan),
    claimStage: () => tracker.claimStage(id, 'e'),
    keepAttempts: () => tracker.keepAttempts(id, new Set(), new Set()),
    startAttempt: () => tracker.startAttempt(id, 'd', 1, 'augmentor 0'),
    finishItem: () => tracker.finishItem(token, {}),
    failAttempt: () => tracker.failAttempt(token, 'boom'),
    loseAttempt: () => tracker.loseAttempt(token, 'killed'),
    cancelAttempt: () => tracker.cancelAttempt(token, 'stopped'),
    succeedStage: () => tracker.succeedStage(id, 'e', {}, []),
    failStage: () => tracker.failStage(id, 'd', 'boom'),
    recordWorker: () => tracker.recordWorker(id, { role: 'trainer', index: 0, pid: 2, instance: 'i' }),
    registerWorker: () => tracker.registerWorker(id, 'lives', { ...facts, host: 'another' }),
    endWorker: () => tracker.endWorker(id, 'lives', { ending: 'lost', reason: 'ended' }),
    endLog: () => tracker.endLog(token, 1),
    recordLoad: () => tracker.recordLoad(id, 0, { cpu: 0, memoryBytes: 1, gpu: null, gpuMemoryBytes: null }),
    logMetrics: () => tracker.logMetrics([point]),
    recordRoster: () => tracker.recordRoster('d', 1, []),
    recordApplied: () => tracker.recordApplied('d', { attempt: 1, sequence: 1 }, []),
    recordDigests: () => tracker.recordDigests('d', 1, [{ step: 0, digest: '0'.repeat(32) }]),
    note: () => tracker.note(id, 'a word'),
  };
  const told = { code: 'superseded', data: { workersAreTaken: true } };
  for (const [name, write] of Object.entries(writes)) expect(write, name).toThrow(expect.objectContaining(told));
  expect(recorded()).toEqual(before);
  next.finishItem(token, {});
  next.close();
});

test.each(['failed', 'cancelled'] as const)(
  'a stage that %s in one run is free for another that lives beside it',
  (how) => {
    const [first, second] = [tracker.createRun(newRun()), tracker.createRun(newRun({ pid: 2 }))];
    tracker.upsertStages(first.id, [stage('d'), stage('e')]);
    expect(tracker.upsertStages(second.id, [stage('d')])).toEqual(new Set(['d']));
    expect(tracker.claimStage(second.id, 'd')).toBe('foreign');
    if (how === 'failed') tracker.failStage(first.id, 'd', 'boom');
    else tracker.endRun(first.id, 'cancelled');
    expect(tracker.upsertStages(second.id, [stage('d')])).toEqual(new Set());
    finish(second.id, 'd');
    expect(tracker.findStage('d')?.status).toBe('succeeded');
  },
);

test('a coordinator of this host works as long as its process, whatever the clock says; a number given again is not it', () => {
  const { id } = tracker.createRun(newRun());
  for (const jump of [3_600_000, -7_200_000]) {
    nowMs += jump;
    expect(tracker.getRun(id).status).toBe('running');
    expect(() => tracker.resumeRun(id, { pid: 2 })).toThrow(/smoke-1 is at work/);
  }
  alive.set(1, 'tuesday');
  expect(tracker.getRun(id)).toMatchObject({ status: 'failed', interrupted: true });
  expect(tracker.resumeRun(id, { pid: 2 }).session).toBe(2);
});

test('a run whose workers outlived its coordinator is taken over: what they hold goes on, the rest is lost', () => {
  const { id } = tracker.createRun(newRun());
  const plan = [stage('d', { numItems: 3 }), stage('old')];
  tracker.upsertStages(id, plan);
  for (const [pid, instance] of [
    [11, 'lives'],
    [12, 'dies'],
  ] as const) {
    alive.set(pid, 'monday');
    tracker.recordWorker(id, { role: 'augmentor', index: pid - 11, pid, instance });
    tracker.registerWorker(id, instance, { ...facts, place: 'this boot/this namespace' });
  }
  const kept = tracker.startAttempt(id, 'd', 0, 'augmentor 0', { instance: 'lives' });
  const lost = tracker.startAttempt(id, 'd', 1, 'augmentor 1', { instance: 'dies' });
  const unwanted = tracker.startAttempt(id, 'old', 0, 'augmentor 0', { instance: 'lives' });
  for (const pid of [1, 12]) alive.delete(pid);
  // Another run of the folder neither ends them nor gets what they compute.
  const other = tracker.createRun(newRun({ pid: 2 }));
  expect(tracker.upsertStages(other.id, [stage('d', { numItems: 3 })])).toEqual(new Set(['d']));
  expect(tracker.strayWorkers('d').map(({ pid }) => pid)).toEqual([11]);
  expect(tracker.getRun(id)).toMatchObject({ status: 'failed', interrupted: true });

  expect(tracker.resumeRun(id, { pid: 2, keepAttempts: true })).toMatchObject({ status: 'running', session: 2 });
  expect(() => tracker.resumeRun(id, { pid: 2, keepAttempts: true })).toThrow(/smoke-1 is at work/);
  tracker.upsertStages(id, plan.slice(0, 1));
  const living = tracker.livingWorkers(id);
  const { engine } = tracker.listWorkers(id)[0]!;
  expect(living).toEqual([
    { role: 'augmentor', index: 0, pid: 11, started: 'monday', instance: 'lives', hasRegistered: true, engine },
  ]);
  const going = tracker.keepAttempts(id, new Set(['d']), new Set(living.map(({ instance }) => instance)));
  expect(going.map(({ token }) => token)).toEqual([kept.token]);
  tracker.finishItem(kept.token, {});
  for (const { token } of [lost, unwanted]) expect(() => tracker.finishItem(token, {})).toThrow(/lease was taken back/);
  expect(tracker.findStage('old')?.status).toBe('cancelled');
});

test('what makes a result count is done for the attempt that holds the item, and where it fails the attempt goes on', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('d')]);
  const late = tracker.startAttempt(id, 'd', 0, 'augmentor 0');
  tracker.loseAttempt(late.token, 'no heartbeat');
  const { token } = tracker.startAttempt(id, 'd', 0, 'augmentor 1');
  const adopted: string[] = [];
  const adopt = (name: string) => () => void adopted.push(name);
  expect(() => tracker.finishItem(late.token, {}, adopt('late'))).toThrow(/lease was taken back/);
  const fails = (): never => {
    throw new Error('no such folder');
  };
  expect(() => tracker.finishItem(token, {}, fails)).toThrow('no such folder');
  expect([tracker.unfinishedItems('d'), tracker.listAttempts(id)[1]!.status]).toEqual([[0], 'running']);
  tracker.finishItem(token, {}, adopt('in time'));
  expect(adopted).toEqual(['in time']);
});

test('works that share a commit: what one of them throws undoes that one alone', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('d', { numItems: 3 })]);
  const tokens = [0, 1, 2].map((item) => tracker.startAttempt(id, 'd', item, `augmentor ${item}`).token);
  const works = tokens.map((token, item) => () => {
    tracker.finishItem(token, {});
    if (item === 1) throw new Error('no space');
    return item;
  });
  expect(tracker.together(works)).toEqual([
    { status: 'fulfilled', value: 0 },
    { status: 'rejected', reason: new Error('no space') },
    { status: 'fulfilled', value: 2 },
  ]);
  expect(tracker.unfinishedItems('d')).toEqual([1]);
  expect(tracker.listAttempts(id).map(({ status }) => status)).toEqual(['succeeded', 'running', 'succeeded']);
});

test('an item is leased once, and again only after its attempt has ended', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('d', { numItems: 2 })]);
  const lease = tracker.startAttempt(id, 'd', 0, 'augmentor 0');
  expect(lease).toMatchObject({ attempt: 1, status: 'running' });
  expect(() => tracker.startAttempt(id, 'd', 0, 'augmentor 1')).toThrow(/augmentor 0 holds it/);
  tracker.finishItem(lease.token, {});
  expect(() => tracker.finishItem(lease.token, {})).toThrow(/no longer running/);
  expect(() => tracker.startAttempt(id, 'd', 0, 'augmentor 1')).toThrow(/finished/);
  expect(() => tracker.startAttempt(id, 'd', 2, 'augmentor 1')).toThrow(/has 2 items/);
  expect(() => tracker.succeedStage(id, 'd', {}, [])).toThrow(/1 of 2 items/);
});

test('failures are counted per session; losses count in a row and progress starts them anew', () => {
  const { id } = tracker.createRun(newRun());
  const plan = [stage('d')];
  tracker.upsertStages(id, plan);
  const next = () => tracker.startAttempt(id, 'd', 0, 'trainer 0').token;
  expect(tracker.failAttempt(next(), 'boom')).toEqual({ failures: 1 });
  expect(tracker.loseAttempt(next(), 'killed')).toEqual({ lostInARow: 1 });
  expect(tracker.loseAttempt(next(), 'killed')).toEqual({ lostInARow: 2 });
  expect(tracker.loseAttempt(next(), 'killed', { progressed: true })).toEqual({ lostInARow: 0 });
  expect(tracker.loseAttempt(next(), 'killed')).toEqual({ lostInARow: 1 });
  expect(tracker.failAttempt(next(), 'boom')).toEqual({ failures: 2 });
  tracker.failStage(id, 'd', 'boom');
  tracker.endRun(id, 'failed', { error: 'stage data failed: boom' });
  expect(tracker.getRun(id)).toMatchObject({ status: 'failed', interrupted: false, trials: [{ status: 'failed' }] });
  tracker.resumeRun(id, { pid: 1 });
  tracker.upsertStages(id, plan);
  expect(tracker.failAttempt(next(), 'boom')).toEqual({ failures: 1 });
  expect(tracker.listAttempts(id, 'd').map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('an attempt keeps the stack of the error that its code raised, and has none where it raised none', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('d')]);
  const next = () => tracker.startAttempt(id, 'd', 0, 'trainer 0').token;
  tracker.failAttempt(next(), 'boom', 'Error: boom\n    at step');
  tracker.loseAttempt(next(), 'a peer has gone', { stack: 'CalmError: a peer has gone\n    at pull' });
  tracker.loseAttempt(next(), 'killed');
  tracker.finishItem(next(), {});
  expect(tracker.listAttempts(id).map(({ stack }) => stack?.split('\n')[0] ?? null)).toEqual([
    'Error: boom',
    'CalmError: a peer has gone',
    null,
    null,
  ]);
});

test('ending a run cancels what it left unfinished', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('a'), stage('b', { inputs: { data: 'a' } })]);
  const lease = tracker.startAttempt(id, 'a', 0, 'trainer 0');
  tracker.endRun(id, 'cancelled');
  expect(tracker.listRunStages(id).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
  expect(tracker.listAttempts(id)).toMatchObject([{ status: 'cancelled', token: lease.token }]);
  expect(tracker.getRun(id)).toMatchObject({ status: 'cancelled', trials: [{ status: 'cancelled' }] });
  expect(() => tracker.heartbeatRun(id)).toThrow(/run smoke-1 has ended \(cancelled\)/);
});

test('curves come back in order, keep NaN, and are cut where training goes on from a checkpoint', () => {
  const { id } = tracker.createRun(newRun());
  tracker.upsertStages(id, [stage('s')]);
  const point = (step: number, value: number) => ({ runId: id, stageKey: 's', step, name: 'train/loss', value });
  tracker.logMetrics([point(1, 2), point(0, 3), point(2, Number.NaN)]);
  tracker.logMetrics([point(1, 2.5)]);
  tracker.logMetrics([]);
  const curve = () => tracker.listMetrics('s')[0]?.points;
  expect(curve()).toEqual([
    [0, 3],
    [1, 2.5],
    [2, Number.NaN],
  ]);
  tracker.logMetrics([point(1, 4)], { runId: id, stageKey: 's', after: 0 });
  expect(curve()).toEqual([
    [0, 3],
    [1, 4],
  ]);
  // A point that cannot be written leaves what it was to replace.
  const broken = { ...point(2, 1), name: null as unknown as string };
  expect(() => tracker.logMetrics([broken], { runId: id, stageKey: 's', after: -1 })).toThrow();
  expect(curve()).toHaveLength(2);
  tracker.logMetrics([], { runId: id, stageKey: 's', after: -1 });
  expect(tracker.listMetrics('s')).toEqual([]);
});

test('a run is found by id, by experiment, or as the one active last; a wrong name lists the right ones', () => {
  expect(() => tracker.findRun()).toThrow(/no runs yet/);
  const first = tracker.createRun(newRun());
  tracker.endRun(first.id, 'cancelled');
  const second = tracker.createRun(newRun());
  tracker.endRun(second.id, 'succeeded');
  tracker.resumeRun(first.id, { pid: 1 });
  expect(tracker.findRun().id).toBe('smoke-1');
  expect(tracker.findRun('smoke').id).toBe('smoke-2');
  expect(tracker.findRun('smoke-1').id).toBe('smoke-1');
  expect(() => tracker.findRun('smok')).toThrow(/no run or experiment `smok`: the newest runs are smoke-2, smoke-1/);
  expect(() => tracker.getRun('x')).toThrow(expect.objectContaining({ code: 'not_found' }));
});

test('what was written is there for another process that opens the folder', () => {
  const { id } = tracker.createRun(newRun({ resolved: { rows: [{ row: 'all' }] } }));
  tracker.close();
  tracker = open();
  expect(tracker.getRun(id)).toMatchObject({ resolved: { rows: [{ row: 'all' }] }, machine: { cores: 2 } });
});
