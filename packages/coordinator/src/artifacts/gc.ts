// Frees what nothing refers to: artifacts that no kept run needs, and what unfinished stages of ended runs have left.
// What is freed leaves its place while nobody can plan a run, which takes an instant, and is removed afterwards: a run is
// planned with an artifact that stays, or without it.
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ListedRun, Tracker } from '@calm-orch/tracker';
import { moveToTrash } from './artifact.ts';
import { startingLogs, type Layout } from './layout.ts';

export interface Collected {
  /** Relative to the run folder. */
  readonly path: string;
  readonly bytes: number;
}

export interface Garbage {
  readonly freed: readonly Collected[];
  readonly freedBytes: number;
  readonly keptBytes: number;
}

/** Which folders may go, asked anew when they do: a path relative to the run folder. */
export type Selection = (tracker: Tracker) => (path: string) => boolean;

/**
 * Of each experiment the `keep` newest runs that have succeeded stay, as many unfinished ones that are newer than these,
 * which `resume` goes on with, and runs whose coordinator or workers live. Artifacts of input files (the foundation) stay as
 * long as any kept stage reads them.
 */
export const allButNewest =
  (keep: number): Selection =>
  (tracker) => {
    const isNeeded = neededBy(tracker, keptRuns(tracker, keep));
    return (path) => !isNeeded(path);
  };

/** What these runs have and no other run needs. */
export const onlyOf =
  (runIds: readonly string[]): Selection =>
  (tracker) => {
    const runs = tracker.listRuns();
    const own = runs.filter(({ id }) => runIds.includes(id));
    const isOwn = neededBy(
      tracker,
      own.map((run) => ({ ...run, status: 'failed' })),
    );
    const isNeeded = neededBy(
      tracker,
      runs.filter((run) => !own.includes(run)),
    );
    return (path) => isOwn(path) && !isNeeded(path);
  };

/** What can go. */
export function findGarbage(tracker: Tracker, layout: Layout, selection: Selection): Garbage {
  const mayGo = selection(tracker);
  const freed: Collected[] = [];
  let keptBytes = 0;
  for (const folder of [...sweptFolders, trashFolder]) {
    const dir = join(layout.dir, folder);
    for (const name of existsSync(dir) ? readdirSync(dir).sort() : []) {
      const path = join(folder, name);
      const bytes = sizeOf(join(dir, name));
      if (mayGo(path)) freed.push({ path, bytes });
      else keptBytes += bytes;
    }
  }
  return { ...totalOf(freed), keptBytes };
}

/** Removes what was found, but for what a run has come to need since. @param first Done in the same instant; where it throws nothing goes. */
export function freeGarbage(
  tracker: Tracker,
  layout: Layout,
  selection: Selection,
  found: Garbage,
  first: () => void = () => {},
): Garbage {
  const freed: Collected[] = [];
  const gone: string[] = [];
  let keptBytes = found.keptBytes;
  tracker.exclusively(() => {
    const mayGo = selection(tracker);
    first();
    for (const each of found.freed) {
      const path = join(layout.dir, each.path);
      const inTrash = dirname(each.path) === trashFolder;
      if (!mayGo(each.path)) {
        keptBytes += each.bytes;
        continue;
      }
      const place = inTrash ? path : moveToTrash(layout, path);
      if (place !== null) gone.push(place);
      freed.push(each);
    }
  });
  for (const path of gone) rmSync(path, { recursive: true, force: true });
  return { ...totalOf(freed), keptBytes };
}

const sweptFolders = ['artifacts', 'staging', 'checkpoints', 'logs', 'joins'] as const;
/** Somebody was killed before it was empty. */
const trashFolder = 'trash';

function neededBy(tracker: Tracker, kept: readonly Pick<ListedRun, 'id' | 'status'>[]): (path: string) => boolean {
  const artifacts = new Set<string>();
  const open = new Set<string>();
  for (const run of kept)
    for (const stage of tracker.listRunStages(run.id)) {
      artifacts.add(stage.key);
      for (const input of Object.values(stage.inputs)) artifacts.add(input);
      if (run.status !== 'succeeded') open.add(stage.key);
    }
  // A run in the background that is not recorded yet writes to a log already.
  const ofRuns = new Set([startingLogs, ...kept.map(({ id }) => id)]);
  return (path) => {
    const [folder, name] = path.split('/') as [string, string];
    // Checkpoints of a stage that has succeeded are those that stay.
    if (folder === 'artifacts' || folder === 'checkpoints') return artifacts.has(name);
    if (folder === 'staging') return open.has(name.slice(0, 64));
    return ofRuns.has(name);
  };
}

function keptRuns(tracker: Tracker, keep: number): ListedRun[] {
  const counts = new Map<string, { succeeded: number; unfinished: number }>();
  return tracker.listRuns().filter((run) => {
    const { id, experiment, status } = run;
    const count = counts.get(experiment) ?? { succeeded: 0, unfinished: 0 };
    counts.set(experiment, count);
    const isAtWork = status === 'running' || tracker.livingWorkers(id).length > 0;
    if (isAtWork) return true;
    if (status === 'succeeded') return count.succeeded++ < keep;
    return count.succeeded === 0 && count.unfinished++ < keep;
  });
}

function totalOf(freed: readonly Collected[]): Pick<Garbage, 'freed' | 'freedBytes'> {
  return { freed, freedBytes: freed.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function sizeOf(path: string): number {
  try {
    const found = lstatSync(path);
    if (!found.isDirectory()) return found.size;
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch (error) {
    // A run at work publishes its folders, another `gc` removes them.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
