// The datasets a data file may name, each with its root folder, and how such a file is read.
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { problemsOf } from './validate.ts';
import { readYaml, throwProblems } from './yaml-position.ts';

export const datasetNames = [
  'AVA',
  'AVA-Captions',
  'FLICKR-AES',
  'PCCD',
  'EVA',
  'AADB',
  'SPAQ',
  'TAD66K',
  'ICAA17K',
  'Pexels',
  'LLaVA-Pretrain',
  'ShareGPT4V',
  'LLaVA-Mix665k',
] as const;
export type DatasetName = (typeof datasetNames)[number];
export type DatasetRoots = Readonly<Partial<Record<DatasetName, string>>>;

const fileSchema = z.strictObject(
  Object.fromEntries(datasetNames.map((name) => [name, z.string().min(1).optional()])) as Record<
    DatasetName,
    z.ZodOptional<z.ZodString>
  >,
);

/** Reads `dataset: folder` lines; relative folders are taken from the file's own. Throws not_found, invalid_config. */
export function readDataFile(path: string): DatasetRoots {
  const absolute = resolve(path);
  const yaml = readYaml(absolute);
  throwProblems(problemsOf(fileSchema, yaml.value ?? {}, yaml.at));
  const named = Object.entries((yaml.value ?? {}) as DatasetRoots);
  if (named.length === 0) {
    throwProblems([
      { at: yaml.at([]), message: `no dataset is named: expected at least one of ${datasetNames.join(', ')}` },
    ]);
  }
  return Object.fromEntries(named.map(([name, folder]) => [name, resolve(dirname(absolute), folder)]));
}
