// What the compiled kernels were compiled from, so that a test can tell when they are out of date.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** SHA-256 over names and texts of the sources in packages/data/assembly. */
export function kernelSourceHash(): string {
  const hash = createHash('sha256');
  const folder = new URL('../../assembly/', import.meta.url);
  for (const name of readdirSync(folder).sort())
    hash.update(`${name}\n${readFileSync(new URL(name, folder), 'utf8')}\n`);
  return hash.digest('hex');
}
