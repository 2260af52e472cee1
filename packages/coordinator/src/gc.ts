// Frees what nothing refers to: artifacts that no kept run needs, and what unfinished stages of ended runs have left.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import type { Layout } from './layout.ts';

export interface Collected {
  readonly path: string;
  readonly bytes: number;
}

export interface Garbage {
  /** Relative to the run folder. */
  readonly freed: readonly Collected[];
  readonly freedBytes: number;
  readonly keptBytes: number;
}

export interface GcOptions {
  /** The newest runs of each experiment whose artifacts stay. Those of runs whose coordinator or workers live always do. */
  readonly keep: number;
  /** Look only. */
  readonly dryRun: boolean;
}

/** Artifacts of input files (the foundation) stay as long as any kept stage reads them. */
export function collectGarbage(tracker: Tracker, layout: Layout, { keep, dryRun }: GcOptions): Garbage {
  const runs = tracker.listRuns();
  const needed = new Set<string>();
  const open = new Set<string>();
  const isAtWork = ({ id, status }: RunRecord): boolean => status === 'running' || tracker.livingWorkers(id).length > 0;
  const kept = keptRuns(runs, keep, isAtWork);
  for (const run of kept)
    for (const stage of tracker.listRunStages(run.id)) {
      needed.add(stage.key);
      for (const input of Object.values(stage.inputs)) needed.add(input);
      if (run.status !== 'succeeded') open.add(stage.key);
    }
  const freed: Collected[] = [];
  let keptBytes = 0;
  const sweep = (folder: string, isNeeded: (name: string) => boolean): void => {
    const dir = join(layout.dir, folder);
    for (const name of existsSync(dir) ? readdirSync(dir).sort() : []) {
      const path = join(dir, name);
      const bytes = sizeOf(path);
      if (isNeeded(name)) keptBytes += bytes;
      else {
        freed.push({ path: join(folder, name), bytes });
        if (!dryRun) rmSync(path, { recursive: true, force: true });
      }
    }
  };
  sweep('artifacts', (key) => needed.has(key));
  sweep('staging', (key) => open.has(key.slice(0, 64)));
  sweep('checkpoints', (key) => open.has(key));
  const logs = new Set(kept.map(({ id }) => id));
  sweep('logs', (run) => logs.has(run));
  return { freed, freedBytes: freed.reduce((sum, { bytes }) => sum + bytes, 0), keptBytes };
}

function keptRuns(runs: readonly RunRecord[], keep: number, isAtWork: (run: RunRecord) => boolean): RunRecord[] {
  const seen = new Map<string, number>();
  return runs.filter((run) => {
    const { experiment } = run;
    const count = seen.get(experiment) ?? 0;
    seen.set(experiment, count + 1);
    return count < keep || isAtWork(run);
  });
}

function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
