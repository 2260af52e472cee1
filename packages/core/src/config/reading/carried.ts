// Experiments and ablations carried with the program are found by the names they have in its folder, from anywhere: who
// installed calm-orch without a clone has no `experiments/`. A file of that name that is here comes first.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, normalize, sep } from 'node:path';
import { CalmError } from '../../errors.ts';
import { programRoot } from '../../program-root.ts';
import { userPath } from '../../files/user-path.ts';
import { nearest } from '../suggest.ts';
import { nearestFile, readYaml } from './yaml-position.ts';
import type { AblationFile } from '../ablation.ts';

const folders = ['experiments', 'ablations'];

/** The file of this name (`experiments/smoke.yaml`) that comes with the program, if there is one. */
export function carriedFile(name: string, root = programRoot): string | undefined {
  const path = join(root, normalize(name));
  const isOurs = !isAbsolute(name) && folders.includes(normalize(name).split(sep)[0]!);
  return isOurs && existsSync(path) ? path : undefined;
}

export interface Found {
  readonly path: string;
  /** Whether it is not here but comes with the program. */
  readonly carried: boolean;
}

/** Of an experiment file as a user names it; the path of one that is nowhere is what it would be here. */
export function findExperiment(name: string, root = programRoot): Found {
  const here = userPath(name);
  if (existsSync(here)) return { path: here, carried: false };
  const carried = carriedFile(name, root);
  return carried === undefined ? { path: here, carried: false } : { path: carried, carried: true };
}

export interface CarriedAblation {
  /** Stem of its file. */
  readonly name: string;
  readonly title: string;
  readonly rows: readonly string[];
}

/** Those that come with the program, by name. */
export function carriedAblations(root = programRoot): CarriedAblation[] {
  return readdirSync(join(root, 'ablations'))
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const { title, rows } = readYaml(join(root, 'ablations', file)).value as AblationFile;
      return { name: basename(file, '.yaml'), title, rows: rows.map(({ row }) => row) };
    });
}

/** @throws CalmError not_found for a name that no file here resembles, but one that comes with the program does. */
export function refuseNearlyCarried(name: string, root = programRoot): void {
  const near = nearestFile(userPath(name)) === undefined ? nearestCarried(name, root) : undefined;
  if (near !== undefined)
    throw new CalmError('not_found', `no file ${name}: did you mean ${near}, which comes with calm-orch?`);
}

function nearestCarried(name: string, root: string): string | undefined {
  if (isAbsolute(name) || !['.', 'experiments'].includes(dirname(normalize(name)))) return undefined;
  const stems = readdirSync(join(root, 'experiments')).map((file) => basename(file, extname(file)));
  const near = nearest(basename(name, extname(name)), stems);
  return near === undefined ? undefined : `experiments/${near}.yaml`;
}
