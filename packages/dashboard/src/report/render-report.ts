// The report of a run as one HTML file: the page's components, drawn to text by what scripts/build-page.js has bundled.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CalmError } from '@calm-orch/core';
import { experimentYaml } from '@calm-orch/core/config';
import { isRehearsal, runCurves } from '@calm-orch/report';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import type { LentToReport, ReportData } from '../api/report.ts';
import type { TablesAnswer } from '../api/tables.ts';
import { shownTables } from '../server/answers/tables.ts';
import { runLine, stageLines, trialLines } from '../server/lines.ts';
import { environmentOf } from './environment.ts';
import { unfinishedOf } from './unfinished.ts';

/** The same folder seen from the sources and from the built code. */
const folder = new URL('../../dist/report-page/', import.meta.url);

/** How every report begins; by it a file is known as one. */
export const reportHead =
  '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="calm-orch report">';

/** Places of a curve. */
const curveParts = 120;

interface Bundle {
  reportDocument(
    data: ReportData,
    tables: TablesAnswer['tables'],
    looks: { readonly css: string; readonly head: string },
  ): string;
}

/** A function of the run and of what is lent. @throws CalmError `unavailable` where the page is not built */
export async function renderReport(tracker: Tracker, run: RunRecord, lent: LentToReport): Promise<string> {
  const script = new URL('report.js', folder);
  if (!existsSync(script))
    throw new CalmError('unavailable', `the report is not built: \`npm run build\` makes ${fileURLToPath(script)}`);
  const { reportDocument } = (await import(script.href)) as Bundle;
  const line = runLine(run);
  const stages = stageLines(tracker, run);
  const data: ReportData = {
    ...lent,
    run: { ...line, resumes: run.session - 1, hash: run.hash, isRehearsal: isRehearsal(run) },
    unfinished: unfinishedOf(line, stages),
    charts: runCurves(tracker, run, curveParts),
    trials: trialLines(tracker, run),
    stages,
    environment: environmentOf(run),
    config: experimentYaml(run.resolved).trimEnd(),
  };
  const css = readFileSync(new URL('report.css', folder), 'utf8').trimEnd();
  return reportDocument(data, shownTables(lent.tables), { css, head: reportHead });
}
