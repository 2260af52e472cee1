// How a run ended: its tables, what failed, how to go on, and the exit code of `run`, `resume` and `attach`.
import type { RunSummary } from '@calm-orch/coordinator';
import { renderTables, tablesJson } from '@calm-orch/report';
import type { Tracker } from '@calm-orch/tracker';
import { judgedTables } from './judged-tables.ts';
import { labelCounts, labelLine } from './label-counts.ts';
import { printJson, printLine, wantsColor } from './output.ts';
import { plural } from './progress/format.ts';
import { conclusions, undecidedClaims } from './run/until-decided.ts';
import { renderFullRun, type FullRun } from './views/full-run.ts';

/** @param fullRun What a rehearsal's full run would need. */
export async function printOutcome(
  summary: RunSummary,
  tracker: Tracker,
  { dir, json }: { readonly dir: string; readonly json: boolean },
  fullRun: FullRun | null = null,
): Promise<void> {
  const { runId, status, failures, numExecuted, numReused, numSkipped } = summary;
  const run = tracker.getRun(runId);
  const tables = await judgedTables(tracker, run, dir);
  const labels = labelCounts(tracker, run);
  const undecided = status === 'succeeded' ? undecidedClaims(run, tables) : null;
  const again = commandOf('resume', runId, dir);
  if (json) {
    printJson({
      run: runId,
      status,
      executed: numExecuted,
      reused: numReused,
      skipped: numSkipped,
      failures: failures.map(({ label, reason }) => ({ label, error: reason })),
      ...(labels && { labels }),
      tables: tablesJson(tables),
      ...(undecided && { undecided }),
      ...(fullRun && { fullRun }),
    });
  } else {
    if (tables.length > 0) printLine(`\n${renderTables(tables, 'text', wantsColor())}\n`);
    if (undecided) for (const line of conclusions(run, undecided)) printLine(line);
    if (labels) printLine(labelLine(labels));
    if (fullRun) printLine(`${renderFullRun(fullRun)}\n`);
    for (const { label, reason } of failures) printLine(`${label} failed: ${reason}`);
    const made = `${plural(numExecuted, 'stage')} executed, ${numReused} reused`;
    if (status === 'succeeded') printLine(`Run ${runId} succeeded: ${made}.`);
    if (status === 'failed')
      printLine(`Run ${runId} failed: ${made}, ${failures.length} failed, ${numSkipped} skipped. Try again: ${again}`);
    if (status === 'cancelled') printLine(`Run ${runId} was cancelled: ${made}. Go on: ${again}`);
  }
  if (status === 'failed') process.exitCode = 1;
  if (status === 'cancelled') process.exitCode = 130;
}

/** A command about a run, as it is typed in this folder. */
export function commandOf(command: string, runId: string, dir: string): string {
  const folder = process.env['CALM_ORCH_DIR'] === undefined && dir !== `${process.cwd()}/runs` ? ` --dir ${dir}` : '';
  return `\`calm-orch ${command} ${runId}${folder}\``;
}
