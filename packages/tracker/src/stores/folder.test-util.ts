// A tracker in a folder of its own, with a clock and processes that a test turns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processPlace, type WorkerFacts } from '@calm-orch/core';
import { openTracker, type Tracker } from '../tracker.ts';
import type { NewRun, PlannedStage } from '../types.ts';

export interface Folder {
  readonly tracker: Tracker;
  readonly dir: string;
  nowMs: number;
  /** Processes of this host, and when they started. */
  readonly alive: Map<number, string>;
  remove(): void;
}

export function makeFolder(): Folder {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-folder-'));
  const alive = new Map([[1, 'monday']]);
  const folder = { dir, nowMs: 1_000_000, alive };
  const tracker = openTracker(dir, {
    clock: () => folder.nowMs,
    host: 'here',
    processStart: (pid) => alive.get(pid) ?? null,
  });
  return Object.assign(folder, {
    tracker,
    remove: () => {
      tracker.close();
      rmSync(dir, { recursive: true, force: true });
    },
  });
}

/** What a worker says of itself. */
export const facts: WorkerFacts = {
  host: 'here',
  place: processPlace(),
  numCores: 4,
  numGpus: 0,
  threads: 2,
  engine: { version: 1, name: 'tensorflow' },
};

export const trial = { row: 'all', seed: 0 };

export function newRun(more: Partial<NewRun> = {}): NewRun {
  const facts = { title: 'Smoke', path: '/x.yaml', hash: 'h', versions: {}, machine: {}, pid: 1 };
  return { experiment: 'smoke', ...facts, resolved: {}, trials: [trial], ...more };
}

export function stage(key: string, more: Partial<PlannedStage> = {}): PlannedStage {
  return {
    key,
    kind: 'evaluate-score',
    role: 'evaluator',
    config: {},
    inputs: {},
    numItems: 1,
    trials: [trial],
    reuse: false,
    ...more,
  };
}

/** Its one item, and with it the stage. */
export function finish(
  tracker: Tracker,
  runId: string,
  key: string,
  metrics: Record<string, number | null> = {},
): void {
  tracker.finishItem(tracker.startAttempt(runId, key, 0, 'evaluator 0').token, { metrics });
  tracker.succeedStage(runId, key, { metrics }, []);
}
