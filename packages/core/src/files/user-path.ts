// The one reading of a path that a user wrote, in a flag, a file or the environment. Shells replace `~` only where it begins a
// word of its own: what they leave (`--dir=~/x`, `dir: ~/x`) would name a folder called `~`.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CalmError } from '../errors.ts';

/**
 * `~` and `~/x` in the home folder; any other path as it is.
 * @throws CalmError `invalid_argument` for `~user`, unless a file below `base` has that very name.
 */
export function expandHome(path: string, base: string = process.cwd()): string {
  if (!path.startsWith('~')) return path;
  if (path === '~' || path.startsWith('~/')) return join(homeFolder(path), path.slice(1));
  if (existsSync(resolve(base, path))) return path;
  const [user = ''] = path.slice(1).split('/');
  throw new CalmError(
    'invalid_argument',
    `${path}: the home folder of \`${user}\` is not looked up; write the whole path (or ./${path}, if that is its name)`,
  );
}

/** Absolute; a relative path is taken from `base`. @throws CalmError `invalid_argument` for `~user`. */
export function userPath(path: string, base: string = process.cwd()): string {
  return resolve(base, expandHome(path, base));
}

function homeFolder(path: string): string {
  let home = '';
  try {
    home = homedir();
  } catch {
    // No HOME, and nobody knows this user.
  }
  if (home !== '') return home;
  throw new CalmError('invalid_argument', `${path}: there is no home folder; set HOME or write the whole path`);
}
