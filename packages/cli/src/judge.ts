// A thread that judges a run's tables, as bootstraps would keep its coordinator from hearing heartbeats (judge-apart.ts).
import { parentPort, workerData } from 'node:worker_threads';
import { toCalmError } from '@calm-orch/core/errors';
import { onlySeeds, type Table } from '@calm-orch/report';
import { openTracker } from '@calm-orch/tracker';
import { judgedTables } from './judged-tables.ts';

export interface JudgeTask {
  readonly dir: string;
  readonly runId: string;
  readonly seeds: readonly number[];
}

export type Judged = { readonly tables: Table[] } | { readonly problem: string };

async function judge({ dir, runId, seeds }: JudgeTask): Promise<Judged> {
  const tracker = openTracker(dir, { access: 'read' });
  try {
    const part = onlySeeds(tracker, tracker.getRun(runId), seeds);
    return { tables: await judgedTables(part.tracker, part.run, dir) };
  } catch (error) {
    return { problem: toCalmError(error).message };
  } finally {
    tracker.close();
  }
}

parentPort!.postMessage(await judge(workerData as JudgeTask));
