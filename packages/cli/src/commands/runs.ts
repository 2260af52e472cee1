import type { ArgumentsCamelCase, Argv } from 'yargs';
import { hasTracker, openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { printJson, printLine } from '../output.ts';
import { runsJson, runsText } from '../views/runs.ts';

interface Options extends GlobalOptions {
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 runs', 'newest first')
      .example('$0 runs --json --dir /data/runs', 'for scripts, of another run folder'),
  handler: ({ dir, json }: ArgumentsCamelCase<Options>) => {
    if (!hasTracker(dir)) {
      if (json) printJson([]);
      else printLine(`No runs in ${dir} yet: start one with \`calm-orch run experiments/ablation-mfam.yaml\`.`);
      return;
    }
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const runs = tracker.listRuns();
      if (json) printJson(runsJson(runs));
      else printLine(runsText(runs));
    } finally {
      tracker.close();
    }
  },
};
