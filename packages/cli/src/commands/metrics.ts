// Our metrics on other people's output.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { userPath } from '@calm-orch/core';
import { columns } from '@calm-orch/report';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { meteorOption } from '../options/meteor-option.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  kind: 'captions' | 'correlation';
  file: string;
  meteorDir?: string;
  wordnetDir?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('kind', { choices: ['captions', 'correlation'] as const, demandOption: true })
      .positional('file', { type: 'string', demandOption: true, describe: 'JSON file' })
      .option('meteor-dir', meteorOption)
      .option('wordnet-dir', {
        type: 'string',
        requiresArg: true,
        default: process.env['CALM_ORCH_WORDNET_DIR'],
        defaultDescription: '$CALM_ORCH_WORDNET_DIR',
        describe: "WordNet's dict folder, for METEOR's synonyms",
        coerce: (dir?: string) => (dir === undefined ? undefined : userPath(dir)),
      })
      .option('json', { ...jsonOption, describe: `${jsonOption.describe}; with the scores of each item` })
      .example('$0 metrics captions captions.json', '{"items":[{"id","references":[],"candidate"}]}')
      .example('$0 metrics correlation scores.json --json', '{"cases":[{"name","predictions":[],"targets":[]}]}'),
  handler: async ({ kind, file, meteorDir, wordnetDir, json }: ArgumentsCamelCase<Options>) => {
    const { captionReport, correlationReport, textMetricNames } = await import('@calm-orch/evaluator');
    const path = userPath(file);
    if (kind === 'captions') {
      const report = await captionReport(path, { meteorDir, wordNetDir: wordnetDir });
      if (json) return printJson(report);
      const rows = textMetricNames.map((name) => [
        name === 'METEOR' ? report.meteor : name,
        shown(report.corpus[name]),
      ]);
      return printLine(columns([['metric', 'corpus'], ...rows]).join('\n'));
    }
    const report = correlationReport(path);
    if (json) return printJson(report);
    const rows = report.cases.map(({ name, plcc, srcc, rmse }) => [name, shown(plcc), shown(srcc), shown(rmse)]);
    printLine(columns([['case', 'PLCC', 'SRCC', 'RMSE'], ...rows]).join('\n'));
  },
};

/** Undefined: a dash. */
function shown(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}
