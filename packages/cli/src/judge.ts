// A thread that judges a run's tables, or compares two runs, as bootstraps would keep its coordinator from hearing heartbeats (judge-apart.ts).
import { parentPort, workerData } from 'node:worker_threads';
import { toCalmError } from '@calm-orch/core/errors';
import { onlySeeds, type RunComparison, type Table } from '@calm-orch/report';
import { openTracker } from '@calm-orch/tracker';
import { comparedRuns, judgedTables } from './judged-tables.ts';

export interface JudgeTask {
  readonly dir: string;
  readonly runId: string;
  readonly seeds: readonly number[];
}

export interface CompareTask {
  readonly dir: string;
  readonly a: string;
  readonly b: string;
}

export type Judged = { readonly tables: Table[] } | { readonly compared: RunComparison } | { readonly problem: string };

async function judge(task: JudgeTask | CompareTask): Promise<Judged> {
  const { dir } = task;
  const tracker = openTracker(dir, { access: 'read' });
  try {
    if ('a' in task)
      return { compared: await comparedRuns(tracker, [tracker.getRun(task.a), tracker.getRun(task.b)], dir) };
    const part = onlySeeds(tracker, tracker.getRun(task.runId), task.seeds);
    return { tables: await judgedTables(part.tracker, part.run, dir) };
  } catch (error) {
    return { problem: toCalmError(error).message };
  } finally {
    tracker.close();
  }
}

parentPort!.postMessage(await judge(workerData as JudgeTask | CompareTask));
