// What of ours is compiled at install, and which engines hold it: the fused operations of ../install/kernels, and the
// shared memory of ../install/memory, which decides no bit.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './layout.ts';

export const kernelSources = fileURLToPath(new URL('../install/kernels/', import.meta.url));

export const memorySource = fileURLToPath(new URL('../install/memory/memory.cc', import.meta.url));

/** What the sources of operations are known by; undefined for engines built without them: they compute on x86-64 alone. */
export function kernelsVersion({ variant, source }: Candidate): string | undefined {
  if (variant !== 'cpu' || source !== 'wheel' || process.arch !== 'x64') return undefined;
  return (kernels ??= hashOf(
    readdirSync(kernelSources)
      .sort()
      .map((name) => join(kernelSources, name)),
  ));
}

/** What the source of shared memory is known by; undefined for engines that are not compiled here. */
export function memoryVersion({ source }: Candidate): string | undefined {
  return source === 'wheel' ? (memory ??= hashOf([memorySource])) : undefined;
}

let kernels: string | undefined;
let memory: string | undefined;

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 8);
}
