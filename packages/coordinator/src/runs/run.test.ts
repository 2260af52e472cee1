// Whole runs with programs in the place of workers that never do what workers do.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processStart, sha256, toCalmError } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { openTracker, type Tracker, type TrackerOptions } from '@calm-orch/tracker';
import { stageKinds } from '../../../cli/src/run/stage-kinds.ts';
import { layoutOf } from '../artifacts/layout.ts';
import type { PlanSources } from '../plan/plan.ts';
import { runExperiment, type RunSummary } from './run.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-run-'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

function run(script: string, registerMs = 500): Promise<RunSummary> {
  const file = join(dir, 'checkpoint');
  const checkpoint = 'a checkpoint';
  writeFileSync(file, checkpoint);
  const workerScript = join(dir, 'worker.js');
  writeFileSync(workerScript, script);
  const sources: PlanSources = {
    kinds: stageKinds,
    code: (kind) => `code of ${kind}`,
    engine: 'engine',
    foundation: () => ({ key: sha256(checkpoint), file }),
    files: () => null,
  };
  return runExperiment({
    experiment: loadExperiment('experiments/smoke.yaml', { rows: ['all'] }),
    sources,
    layout: layoutOf(dir),
    tracker,
    versions: {},
    machineFacts: {},
    machine: { numCores: 2, numGpus: 0, gpuIds: [] },
    workerScript,
    counts: { trainer: 1, augmentor: 1, evaluator: 1 },
    policy: { registerMs, cancelGraceMs: 0 },
    signal: new AbortController().signal,
  });
}

const left = (folder: string): string[] => readdirSync(join(dir, folder));

test('a run none of whose workers registers ends as failed, with the last line of its log', async () => {
  const logs = join(dir, 'logs/smoke-1');
  mkdirSync(logs, { recursive: true });
  for (const role of ['trainer', 'augmentor', 'evaluator'])
    writeFileSync(join(logs, `${role}-0.log`), 'hello\nI reach nobody\n');
  const error = await run('setInterval(() => {}, 1000);').catch((thrown: Error) => thrown.message);
  expect(error).toMatch(/^no \w+ has registered within 0.5 s; \w+ 0 last said: I reach nobody \(log: .*-0\.log\)$/);
  expect(tracker.getRun('smoke-1')).toMatchObject({ status: 'failed', interrupted: false, error });
  expect([left('tmp'), left('connections')]).toEqual([[], []]);
});

test('a run that cannot write address and token leaves neither server nor socket behind', async () => {
  writeFileSync(join(dir, 'connections'), 'no folder');
  await expect(run('')).rejects.toThrow(/connections/);
  expect(tracker.getRun('smoke-1').status).toBe('failed');
  expect(left('tmp')).toEqual([]);
  expect(existsSync(join(dir, 'logs'))).toBe(false);
});

test.each<[string, boolean, TrackerOptions]>([
  ['here', true, { processStart: (pid) => (pid === process.pid ? null : processStart(pid)) }],
  ['elsewhere', false, { host: 'elsewhere', clock: () => Date.now() + 61_000 }],
])(
  'a coordinator superseded from %s leaves socket and token alone, and its workers: %s',
  async (_, areLeft, options) => {
    const ended = run('setInterval(() => {}, 1000);', 600_000).catch(toCalmError);
    const recorded = (): number[] => tracker.livingWorkers('smoke-1').map(({ pid }) => pid);
    await expect.poll(() => tracker.listRuns().length && recorded().length, { timeout: 30_000 }).toBe(3);
    const pids = recorded();
    const next = openTracker(dir, options);
    // Of no process.
    next.resumeRun('smoke-1', { pid: 2 ** 22 + 1, keepAttempts: true });
    next.close();
    try {
      expect(await ended).toMatchObject({ code: 'superseded', data: { workersAreTaken: areLeft } });
      expect(pids.filter((pid) => processStart(pid) !== null)).toEqual(areLeft ? pids : []);
      expect([left('tmp').length, left('connections')]).toEqual([1, ['smoke-1.json']]);
      const [shown] = tracker.listEvents('smoke-1', 1);
      expect(shown?.type).toBe('run resumed');
    } finally {
      for (const pid of pids.filter((each) => processStart(each) !== null)) process.kill(pid, 'SIGKILL');
    }
  },
  60_000,
);
