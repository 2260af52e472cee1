// The datasets a data file may name, each with its root folder, and how such a file is read.
import { dirname } from 'node:path';
import { z } from 'zod';
import { userPath } from '../files/user-path.ts';
import { datasetNames, type DatasetName, type DatasetRoots } from './names.ts';
import { problemsOf } from './reading/validate.ts';
import { readYaml, throwProblems, type Problem, type YamlFile } from './reading/yaml-position.ts';

const fileSchema = z.strictObject(
  Object.fromEntries(datasetNames.map((name) => [name, z.string().min(1).optional()])) as Record<
    DatasetName,
    z.ZodOptional<z.ZodString>
  >,
);

/** Reads `dataset: folder` lines; relative folders are taken from the file's own. Throws not_found, invalid_config. */
export function readDataFile(path: string): DatasetRoots {
  const absolute = userPath(path);
  const yaml = readYaml(absolute);
  throwProblems(homeProblems(yaml));
  throwProblems(problemsOf(fileSchema, yaml.value ?? {}, yaml.at));
  const named = Object.entries((yaml.value ?? {}) as DatasetRoots);
  if (named.length === 0) {
    throwProblems([
      { at: yaml.at([]), message: `no dataset is named: expected at least one of ${datasetNames.join(', ')}` },
    ]);
  }
  return Object.fromEntries(named.map(([name, folder]) => [name, userPath(folder, dirname(absolute))]));
}

/** To YAML a bare `~` is null, and a folder of a data file is never that. */
function homeProblems({ value, at }: YamlFile): Problem[] {
  return Object.entries((value ?? {}) as Record<string, unknown>)
    .filter(([, folder]) => folder === null)
    .map(([name]) => ({
      at: at([name]),
      message: 'expected a folder, got nothing: write the home folder as ~/ or "~"',
    }));
}
