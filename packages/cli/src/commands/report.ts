// What a run found out as one HTML file that opens without a server, a network or a script.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { userPath } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { judgedTables } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { runArgument } from '../options/run-argument.ts';
import { printJson, printLine } from '../output.ts';
import { auditSummary } from '../report/audit-summary.ts';
import { checkPlace, writeReport } from '../report/file.ts';
import { reportPhotographs } from '../report/photographs.ts';
import { commandOfRun } from '../report/reproduce.ts';
import { reportSuggestions } from '../report/suggestions.ts';
import { version } from '../version.ts';
import { shownStatus } from '../views/runs.ts';

interface Options extends GlobalOptions {
  run?: string;
  output?: string;
  photographs: boolean;
  force: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', runArgument)
      .option('output', {
        type: 'string',
        alias: 'o',
        requiresArg: true,
        describe: 'The file; a report that is there is overwritten [default: RUN.html]',
      })
      .option('photographs', {
        type: 'boolean',
        default: true,
        describe:
          'With some photographs of the data; --no-photographs leaves them out, for data that must not be passed on',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Overwrite a file that is no report' })
      .option('json', jsonOption)
      .example('$0 report', 'the last run, to read without calm-orch')
      .example('$0 report ablation-mfam -o table5.html', 'the newest run of an experiment'),
  handler: async ({ dir, run: name, output, photographs, force, json }: ArgumentsCamelCase<Options>) => {
    const { renderReport, reportHead } = await import('@calm-orch/dashboard');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, name);
      const file = userPath(output ?? `${run.id}.html`);
      if (!force) checkPlace(file, reportHead);
      const damaged: string[] = [];
      const text = await renderReport(tracker, run, {
        version: version(),
        tables: await judgedTables(tracker, run, dir, (sentence) => damaged.push(sentence)),
        damaged,
        photographs: photographs ? await reportPhotographs(tracker, run, dir) : null,
        suggestions: photographs ? await reportSuggestions(tracker, run, dir) : null,
        audit: await auditSummary(tracker, run),
        reproduce: commandOfRun(run),
      });
      writeReport(file, text);
      const bytes = Buffer.byteLength(text);
      if (json) printJson({ run: run.id, status: run.status, interrupted: run.interrupted, file, bytes });
      else printLine(`Wrote ${file} (${Math.ceil(bytes / 1000)} kB): run ${run.id}, ${shownStatus(run)}.`);
    } finally {
      tracker.close();
    }
  },
};
