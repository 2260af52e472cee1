// How a run ended: its tables, what failed, how to go on, and the exit code of `run`, `resume` and `attach`.
import type { RunSummary } from '@calm-orch/coordinator';
import type { Json } from '@calm-orch/core';
import { renderTables, type Tracker } from '@calm-orch/tracker';
import { labelCounts, labelLine } from './label-counts.ts';
import { printJson, printLine, wantsColor } from './output.ts';
import { plural } from './progress/format.ts';
import { collectJudgedTables } from './verdicts.ts';

export async function report(
  summary: RunSummary,
  tracker: Tracker,
  { dir, json }: { readonly dir: string; readonly json: boolean },
): Promise<void> {
  const { runId, status, failures, numExecuted, numReused, numSkipped } = summary;
  const run = tracker.getRun(runId);
  const tables = (await collectJudgedTables(tracker, run, dir)).filter(({ metrics }) => metrics.length > 0);
  const labels = labelCounts(tracker, run);
  const again = commandOf('resume', runId, dir);
  if (json) {
    const shown = JSON.parse(renderTables(tables, 'json')) as Json;
    const counts = { executed: numExecuted, reused: numReused, skipped: numSkipped };
    const failed = failures.map(({ label, reason }) => ({ label, error: reason }));
    printJson({
      run: runId,
      status,
      ...counts,
      failures: failed,
      ...(labels && { labels: { ...labels } }),
      tables: shown,
    });
  } else {
    if (tables.length > 0) printLine(`\n${renderTables(tables, 'text', { color: wantsColor() })}\n`);
    if (labels) printLine(labelLine(labels));
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
