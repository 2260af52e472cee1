// What of ours is compiled at install, and which engines hold it: the fused operations of ../install/kernels, and what decides
// no bit: the shared memory of ../install/memory and the sessions of ../install/collective.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './layout.ts';

export const kernelSources = fileURLToPath(new URL('../install/kernels/', import.meta.url));

export const memorySource = fileURLToPath(new URL('../install/memory/memory.cc', import.meta.url));

export const collectiveSource = fileURLToPath(new URL('../install/collective/collective.cc', import.meta.url));

/** What the sources of operations are known by; undefined for engines built without them: they compute on x86-64 alone. */
export function kernelsVersion({ variant, source }: Candidate): string | undefined {
  if (variant !== 'cpu' || source !== 'wheel' || process.arch !== 'x64') return undefined;
  return (kernels ??= hashOf(
    readdirSync(kernelSources)
      .sort()
      .map((name) => join(kernelSources, name)),
  ));
}

/** What the sources of the addons are known by; undefined for engines that are not compiled here. */
export function addonsVersion({ source }: Candidate): string | undefined {
  return source === 'wheel' ? (addons ??= hashOf([memorySource, collectiveSource])) : undefined;
}

let kernels: string | undefined;
let addons: string | undefined;

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 8);
}
