// The datasets themselves: what of them is on this machine, and the embedded data in their formats.
import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, datasetNames, suggestion, userPath, type DatasetName } from '@calm-orch/core';
import { readDataFile } from '@calm-orch/core/config';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { dataOption } from '../options/data-option.ts';
import { printJson, printLine } from '../output.ts';
import { reportText } from '../views/datasets.ts';

interface Options extends GlobalOptions {
  action: 'verify' | 'make';
  target?: string;
  data?: string;
  decode: boolean;
  size: number;
  seed: number;
  json: boolean;
}

const usualFile = 'data/real.yaml';

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('action', {
        choices: ['verify', 'make'] as const,
        demandOption: true,
        describe: 'verify: read datasets and report; make: write the embedded data as real datasets come',
      })
      .positional('target', { type: 'string', describe: 'verify: one dataset [default: all named]; make: a folder' })
      .option('data', { ...dataOption, defaultDescription: usualFile })
      .option('decode', {
        type: 'boolean',
        default: false,
        describe: 'verify: decode every image (hours for all datasets)',
      })
      .option('size', {
        type: 'number',
        requiresArg: true,
        default: 240,
        describe: "make: training photographs in AVA's folder",
      })
      .option('seed', { type: 'number', requiresArg: true, default: 0, describe: 'make: seed of the photographs' })
      .option('json', jsonOption)
      .example('$0 data verify EVA --data data/real.yaml', 'counts beside the published ones, missing images, leaks')
      .example('$0 data make /tmp/made', 'then: $0 run experiments/smoke.yaml --data /tmp/made/data.yaml'),
  handler: async (options: ArgumentsCamelCase<Options>): Promise<void> => {
    if (options.action === 'make') await make(options);
    else await verify(options);
  },
};

async function make({ target, size, seed, json }: Options): Promise<void> {
  if (target === undefined) {
    throw new CalmError('invalid_argument', 'data make: name a folder, as in `calm-orch data make /tmp/made`');
  }
  for (const [name, value, least] of [['size', size, 20] as const, ['seed', seed, 0] as const]) {
    if (!Number.isSafeInteger(value) || value < least)
      throw new CalmError('invalid_argument', `--${name}: expected a whole number of at least ${least}, got ${value}`);
  }
  const { makeDatasets } = await import('@calm-orch/datasets');
  const file = await makeDatasets({ dir: userPath(target), numTrain: size, seed });
  if (json) printJson({ file });
  else printLine(`Wrote ${datasetNames.length} datasets and ${file}.`);
}

async function verify({ target, data, decode, json }: Options): Promise<void> {
  if (target !== undefined && !datasetNames.includes(target as DatasetName)) {
    throw new CalmError('invalid_argument', `unknown dataset \`${target}\`${suggestion(target, datasetNames)}`);
  }
  if (data === undefined && !existsSync(usualFile)) {
    const remedy = `name a file with --data, or copy data/real.example.yaml to ${usualFile}`;
    throw new CalmError('not_found', `data verify: nothing says where the datasets are: ${remedy}`);
  }
  const roots = readDataFile(data ?? usualFile);
  const only = target as DatasetName | undefined;
  if (only !== undefined && roots[only] === undefined) {
    throw new CalmError('not_found', `${data ?? usualFile} names no ${only}; add its root folder`);
  }
  const { verifyDatasets } = await import('@calm-orch/datasets');
  const onDataset = (name: string): void => void process.stderr.write(`reading ${name}\n`);
  const reports = await verifyDatasets(roots, {
    decode,
    ...(only !== undefined && { only }),
    ...(process.stderr.isTTY && { onDataset }),
  });
  if (json) printJson({ datasets: reports });
  else printLine(reports.map(reportText).join('\n\n'));
  if (reports.some(({ status }) => status === 'broken')) process.exitCode = 1;
}
