import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../json-option.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('json', jsonOption)
      .example('$0 doctor', 'finishes an engine install that was cut short, then reports')
      .example('$0 doctor --json', 'for scripts: engine, devices, cores, gflops, missing'),
  handler: async ({ json }: ArgumentsCamelCase<Options>) => {
    const { doctor, renderDoctor } = await import('@calm-orch/engine');
    const report = await doctor({ log: (line) => void process.stderr.write(`${line}\n`) });
    if (json) printJson(report);
    else printLine(renderDoctor(report));
    // Something to mend is no failure; having nothing to compute with is.
    if (report.engine === null) process.exitCode = 1;
  },
};
