// Which version of a package an import gets, from package.json files alone.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `@scope/name/file` -> `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Of the package as modules in folder `from` import it; 'absent' where it is not installed. */
export function packageVersion(name: string, from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    const path = join(dir, 'node_modules', name, 'package.json');
    if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
    if (dir === dirname(dir)) return 'absent';
  }
}
