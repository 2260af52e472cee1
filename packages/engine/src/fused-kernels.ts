// The fused operations of ../install/kernels: which engines hold them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './layout.ts';

export const kernelSources = fileURLToPath(new URL('../install/kernels/', import.meta.url));

let version: string | undefined;

/** What the sources are known by; undefined for engines that are built without them: they compute on x86-64 alone. */
export function kernelsVersion({ variant, source }: Candidate): string | undefined {
  if (variant !== 'cpu' || source !== 'wheel' || process.arch !== 'x64') return undefined;
  if (version === undefined) {
    const hash = createHash('sha256');
    for (const name of readdirSync(kernelSources).sort()) hash.update(readFileSync(join(kernelSources, name)));
    version = hash.digest('hex').slice(0, 8);
  }
  return version;
}
