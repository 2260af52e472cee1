import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import { hasTracker, openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { printJson, printLine } from '../output.ts';
import { runsJson, runsText } from '../views/runs.ts';

const states = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;

interface Options extends GlobalOptions {
  status?: (typeof states)[number];
  limit?: number;
  tag: string[];
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('status', {
        choices: states,
        describe: 'Only runs of this status (interrupted ones count as failed, too)',
      })
      .option('limit', { type: 'number', requiresArg: true, describe: 'Only so many, the newest' })
      .option('tag', {
        type: 'string',
        array: true,
        requiresArg: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Only runs of this tag; of several, those that have all',
      })
      .option('json', jsonOption)
      .example('$0 runs', 'newest first')
      .example('$0 runs --status running', 'those at work')
      .example('$0 runs --json --dir /data/runs', 'for scripts, of another run folder'),
  handler: ({ dir, status, limit, tag: tags, json }: ArgumentsCamelCase<Options>) => {
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0))
      throw new CalmError('invalid_argument', `--limit: expected a whole number from 0 up, got ${limit}`);
    if (!hasTracker(dir)) {
      if (json) printJson([]);
      else printLine(`No runs in ${dir} yet: start one with \`calm-orch run experiments/ablation-mfam.yaml\`.`);
      return;
    }
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const { runs } = tracker.findRuns({ status, limit, tags });
      if (json) printJson(runsJson(runs, tracker.listTrials(runs)));
      else printLine(runsText(runs));
    } finally {
      tracker.close();
    }
  },
};
