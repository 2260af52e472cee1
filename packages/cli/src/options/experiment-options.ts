// The options by which commands that read an experiment file take a part of it, or change it.
import type { Argv } from 'yargs';
import { CalmError, type Experiment } from '@calm-orch/core';
import { loadExperiment, type LoadOptions } from '@calm-orch/core/config';
import { dataOption } from './data-option.ts';
import { rehearsalModels } from '../run/rehearsal-models.ts';
import { meteorOption } from './meteor-option.ts';

export interface ExperimentOptions {
  rows?: string;
  seeds?: string;
  set: string[];
  data?: string;
  meteorDir?: string;
  rehearsal: boolean;
}

export const setOption = {
  type: 'string',
  array: true,
  requiresArg: true,
  nargs: 1,
  default: [] as string[],
  describe: 'Override one member of the configuration: key=value',
} as const;

/** Says of an argument that it names an experiment's file. */
export const experimentFile =
  'Experiment file (YAML); experiments/NAME.yaml that is not here is the one that comes with calm-orch';

export function withExperimentOptions<T>(args: Argv<T>) {
  return args
    .option('rows', { type: 'string', requiresArg: true, describe: 'Only these rows of the table: a,b' })
    .option('seeds', { type: 'string', requiresArg: true, describe: "Instead of the file's seeds: 0,1" })
    .option('set', setOption)
    .option('data', dataOption)
    .option('meteor-dir', meteorOption)
    .option('rehearsal', {
      type: 'boolean',
      default: false,
      describe: 'The same plan with tiny models, few photographs and few steps: its numbers mean nothing',
    });
}

/** @throws CalmError naming the place in the file, or the option. */
export async function loadNamed(
  path: string,
  { rows, seeds, set, data, meteorDir, rehearsal }: ExperimentOptions,
  preset?: LoadOptions['preset'],
): Promise<Experiment> {
  return loadExperiment(path, {
    ...(rehearsal && { rehearsal: await rehearsalModels() }),
    set,
    note: (line) => void process.stderr.write(`note: ${line}\n`),
    ...(data !== undefined && { data }),
    ...(meteorDir !== undefined && { meteorDir }),
    ...(preset !== undefined && { preset }),
    ...(rows !== undefined && { rows: listOf(rows) }),
    ...(seeds !== undefined && { seeds: listOf(seeds).map(seedOf) }),
  });
}

export const listOf = (text: string): string[] => text.split(',').map((part) => part.trim());

export function seedOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CalmError('invalid_argument', `--seeds: expected whole numbers of at least 0, as in 0,1, got "${text}"`);
}
