import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { duration, sparkline } from './format.ts';
import { runsJson, runsText } from './runs.ts';
import { describeRun, runJson, runText } from './show.ts';

let dir: string;
let tracker: Tracker;
let nowMs: number;
let alive: Map<number, string>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-views-'));
  nowMs = Date.UTC(2026, 4, 4, 12);
  alive = new Map([[1, 'noon']]);
  tracker = openTracker(dir, { clock: () => nowMs, processStart: (pid) => alive.get(pid) ?? null });
});

afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const fingerprint = 'ab'.repeat(32);

/** One trial trained (after a lost attempt) and evaluated. */
function makeRun(): string {
  const trial = { row: 'all', seed: 0 };
  const { id } = tracker.createRun({
    experiment: 'smoke',
    title: 'Smoke',
    path: '/x/smoke.yaml',
    hash: 'h'.repeat(64),
    pid: 1,
    trials: [trial],
    resolved: { rows: [] },
    versions: { 'calm-orch': '0.1.0' },
    machine: { cores: 2 },
  });
  const plan = { config: {}, inputs: {}, numItems: 1, reuse: false, trials: [trial] };
  tracker.upsertStages(id, [
    { ...plan, key: 'score', kind: 'finetune-score', role: 'trainer' },
    { ...plan, key: 'evaluate', kind: 'evaluate-score', role: 'evaluator', inputs: { model: 'score' } },
  ]);
  tracker.loseAttempt(tracker.startAttempt(id, 'score', 0, 'trainer 0').token, 'killed');
  const { token } = tracker.startAttempt(id, 'score', 0, 'trainer 1');
  const loss = [4, 2, 1].map((value, step) => ({ runId: id, stageKey: 'score', step, name: 'train/loss', value }));
  tracker.logMetrics(loss);
  nowMs += 61_000;
  tracker.finishItem(token, {});
  tracker.succeedStage(id, 'score', { fingerprint }, []);
  tracker.finishItem(tracker.startAttempt(id, 'evaluate', 0, 'evaluator 0').token, {});
  tracker.succeedStage(id, 'evaluate', { metrics: { PLCC: 0.7123, SRCC: null } }, []);
  tracker.endRun(id, 'succeeded');
  return id;
}

test('runs as JSON have run, experiment, status, times and trials', () => {
  makeRun();
  expect(runsJson(tracker.listRuns(), tracker.listTrials(tracker.listRuns()))).toEqual([
    {
      run: 'smoke-1',
      tags: [],
      experiment: 'smoke',
      status: 'succeeded',
      started: '2026-05-04T12:00:00.000Z',
      ended: '2026-05-04T12:01:01.000Z',
      trials: [{ row: 'all', seed: 0, status: 'succeeded', fingerprint }],
    },
  ]);
});

test('runs as text have one line each, and an interrupted run says so', () => {
  makeRun();
  tracker.createRun({
    experiment: 'smoke',
    title: 'Smoke',
    path: '/x/smoke.yaml',
    hash: 'h',
    pid: 1,
    trials: [],
    resolved: {},
    versions: {},
    machine: {},
  });
  alive.delete(1);
  const lines = runsText(tracker.listRuns()).split('\n');
  expect(lines[0]).toMatch(/^RUN +STATUS +STARTED +TOOK +FINISHED$/);
  expect(lines[1]).toMatch(/^smoke-2 +failed \(interrupted\) .*interrupted: the coordinator ended/);
  expect(lines[2]).toMatch(/^smoke-1 +succeeded .* 1 m 01 s +1 of 1 trials$/);
});

test('a run as JSON has the metrics of each trial, the curves, attempts and events', () => {
  const run = tracker.getRun(makeRun());
  const shown = JSON.parse(JSON.stringify(runJson(describeRun(tracker, run)))) as Record<string, unknown>;
  expect(shown).toMatchObject({
    run: 'smoke-1',
    status: 'succeeded',
    interrupted: false,
    machine: { cores: 2 },
    trials: [
      { row: 'all', seed: 0, fingerprint, metrics: { PLCC: 0.7123, SRCC: null }, stages: ['score', 'evaluate'] },
    ],
    stages: [
      {
        key: 'score',
        kind: 'finetune-score',
        execution: 'executed',
        status: 'succeeded',
        curves: {
          'train/loss': [
            [0, 4],
            [1, 2],
            [2, 1],
          ],
        },
      },
      { key: 'evaluate', inputs: { model: 'score' }, curves: {} },
    ],
    attempts: [
      { stage: 'score', item: 0, attempt: 1, worker: 'trainer 0', status: 'lost', error: 'killed' },
      { attempt: 2, status: 'succeeded' },
      { stage: 'evaluate' },
    ],
  });
  expect(JSON.stringify(shown)).not.toContain('token');
});

test('a run as text shows numbers, the loss from first to last, and what was lost', () => {
  const run = tracker.getRun(makeRun());
  const text = runText(describeRun(tracker, run), false);
  expect(text).toMatch(/row +seed +status +PLCC +SRCC +fingerprint\n +all +0 +succeeded +0\.712 +– +abababababab/);
  expect(text).toMatch(/finetune-score +executed +1 m 01 s +2 attempts +4\.00 █▃▁ 1\.00/);
  expect(text).toMatch(/finetune-score +item 0 +attempt 1 +trainer 0 +lost +killed/);
  expect(text).not.toContain('\u001b');
  expect(runText(describeRun(tracker, run), true)).toContain('\u001b[1msmoke-1');
});

test('durations are short, curves one line', () => {
  expect([400, 12_000, 185_000, 7_620_000].map(duration)).toEqual(['0.4 s', '12 s', '3 m 05 s', '2 h 07 m']);
  expect(sparkline([1, 1, 1])).toBe('▁▁▁');
  expect(sparkline([0, Number.NaN, 7])).toBe('▁ █');
  expect(sparkline(Array.from({ length: 100 }, (_, step) => step))).toHaveLength(24);
  expect(sparkline([])).toBe('');
});
