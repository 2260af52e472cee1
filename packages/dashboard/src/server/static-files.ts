// The built page: a handful of files, read once. Nothing else is served, so no path can lead out of their folder.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CalmError } from '@calm-orch/core';

export interface StaticFile {
  readonly type: string;
  readonly content: Buffer;
}

/** The same folder seen from the sources and from the built code. */
const folder = fileURLToPath(new URL('../../dist/public/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** By path in the address; `/` is the page. @throws CalmError `unavailable` where the page is not built. */
export function staticFiles(): ReadonlyMap<string, StaticFile> {
  if (!existsSync(join(folder, 'index.html')))
    throw new CalmError('unavailable', `the page is not built: \`npm run build\` makes ${folder}`);
  return new Map(
    readdirSync(folder).map((name) => [
      name === 'index.html' ? '/' : `/${name}`,
      { type: types[extname(name)] ?? 'application/octet-stream', content: readFileSync(join(folder, name)) },
    ]),
  );
}
