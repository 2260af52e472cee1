import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import type { GlobalOptions } from '../cli.ts';
import { schemaFile } from '../init/experiment-text.ts';
import { printLine } from '../output.ts';

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('path', { type: 'boolean', default: false, describe: 'Say where it lies instead' })
      .example('$0 schema >experiment.schema.json', 'for an editor that takes it from there'),
  handler: ({ path }: { readonly path: boolean }) =>
    printLine(path ? schemaFile : readFileSync(schemaFile, 'utf8').trimEnd()),
};
