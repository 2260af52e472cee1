// Watches a run at work in another process: what `run` shows in its own terminal, until the run ends. It only asks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { CoordinatorEvent, RunSummary, RunView } from '@calm-orch/coordinator';
import { stageLabel, unlessAborted } from '@calm-orch/core';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { outcomeJsonOption } from '../options/json-option.ts';
import { printJson } from '../output.ts';
import { plural } from '../progress/format.ts';
import { fillingTable } from '../progress/filling-table.ts';
import { showProgress, type Progress } from '../progress/progress.ts';
import { createSeedTables } from '../progress/seed-tables.ts';
import { commandOf, printOutcome } from '../outcome.ts';
import { askCoordinator, findRunAtWork } from '../run/runs-at-work.ts';

interface Options extends GlobalOptions {
  run?: string;
  json: boolean;
}

const lookEveryMs = 500;

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', describe: 'A run or an experiment [default: the newest run at work]' })
      .option('json', outcomeJsonOption)
      .example('$0 attach', 'the newest run at work; exit code and table are those of `run`'),
  handler: async ({ dir, run: name, json }: ArgumentsCamelCase<Options>): Promise<void> => {
    const tracker = openTracker(dir, { access: 'read' });
    const left = new AbortController();
    const leave = (): void => left.abort();
    process.once('SIGINT', leave);
    try {
      const { id: runId, trials } = findRunAtWork(tracker, name);
      const output = json ? process.stderr : process.stdout;
      output.write(`Run ${runId}: ${plural(trials.length, 'trial')}. Ctrl-C leaves it at work.\n`);
      const last = await watch({ tracker, dir, runId, output, left: left.signal });
      const run = tracker.getRun(runId);
      if (run.status === 'running') {
        if (json) printJson({ run: runId, status: run.status, interrupted: false });
        output.write(`Run ${runId} is left at work. Watch it again: ${commandOf('attach', runId, dir)}\n`);
      } else if (run.interrupted) {
        process.exitCode = 1;
        if (json) printJson({ run: runId, status: run.status, interrupted: true });
        output.write(`Run ${runId} ${run.error}. Go on: ${commandOf('resume', runId, dir)}\n`);
      } else await printOutcome(summaryOf(tracker, run, last), tracker, { dir, json });
    } finally {
      process.off('SIGINT', leave);
      tracker.close();
    }
  },
};

interface WatchOptions {
  readonly tracker: Tracker;
  readonly dir: string;
  readonly runId: string;
  readonly output: NodeJS.WriteStream;
  readonly left: AbortSignal;
}

/** Shows progress until the run ends, the user leaves, or nobody reads; returns how the run stood last. */
async function watch({ tracker, dir, runId, output, left }: WatchOptions): Promise<RunView | null> {
  let view: RunView | null = null;
  let known: number | undefined;
  let progress: Progress | null = null;
  const tables = createSeedTables({ dir, output, print: (text) => progress?.show(text) });
  left.addEventListener('abort', () => tables.close(), { once: true });
  try {
    while (!left.aborted && output.writable) {
      const asked = askCoordinator({ tracker, dir, runId }, (service) => service.observe({ after: known }));
      const answer = await unlessAborted(left, asked);
      if (answer === null) break;
      view = JSON.parse(answer.viewJson) as RunView;
      known = answer.last;
      progress ??= showProgress(output, () => view!, { table: () => fillingTable(tracker, runId) });
      for (const event of answer.events) progress.event(event as CoordinatorEvent);
      tables.look(view);
      await sleep(lookEveryMs, undefined, { signal: left }).catch(() => {});
    }
    if (!left.aborted) await tables.settle();
  } finally {
    tables.close();
    progress?.close();
  }
  return view;
}

/** What the run's own process says at its end, from what it has recorded. */
function summaryOf(tracker: Tracker, run: RunRecord, last: RunView | null): RunSummary {
  const stages = tracker.listRunStages(run.id);
  const succeeded = stages.filter(({ status }) => status === 'succeeded');
  const failed = stages.filter(({ status }) => status === 'failed');
  const numReused =
    last === null
      ? succeeded.filter(({ execution }) => execution === 'reused').length
      : last.stages.filter(({ reused }) => reused).length;
  return {
    runId: run.id,
    status: run.status as RunSummary['status'],
    numReused,
    numExecuted: succeeded.length - numReused,
    numSkipped: stages.length - succeeded.length - failed.length,
    failures: failed.map((stage) => ({ label: stageLabel(stage, run.trials), reason: stage.error ?? '' })),
  };
}
