// Two runs side by side, as the page's Compare shows them.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { comparisonText, type ComparedChart, type RunChart } from '@calm-orch/report';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { comparedRuns } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine, wantsColor } from '../output.ts';

interface Options extends GlobalOptions {
  a: string;
  b: string;
  plot: boolean;
  json: boolean;
}

const run = (which: string) =>
  ({ type: 'string', demandOption: true, describe: `${which}: a run, or an experiment (its newest run)` }) as const;

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('a', run('What is compared with'))
      .positional('b', run('What is compared'))
      .option('plot', {
        type: 'boolean',
        default: false,
        describe: 'Draw the curves, too; on a terminal those of both runs in one plot',
      })
      .option('json', jsonOption)
      .example('$0 compare smoke-1 smoke-2', 'what run smoke-2 has other than smoke-1, and whether it scores better'),
  handler: async ({ dir, a, b, plot, json }: ArgumentsCamelCase<Options>) => {
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const comparison = await comparedRuns(tracker, [namedRun(tracker, a), namedRun(tracker, b)], dir);
      if (json) return printJson(comparison);
      printLine(comparisonText(comparison));
      if (!plot) return;
      const { plotsText } = await import('../views/plot.ts');
      const charts = comparison.curves.map(chartOf);
      printLine(`\n${plotsText({ run: '', charts, scores: null }, process.stdout.columns || 80, wantsColor())}`);
    } finally {
      tracker.close();
    }
  },
};

const chartOf = ({ stage, metric, rows }: ComparedChart): RunChart => ({
  stage,
  metric,
  rows: rows.map(({ run: side, row, ...curve }) => ({ row: `${side.toUpperCase()} ${row}`, ...curve })),
});
