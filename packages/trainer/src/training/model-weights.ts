// Weights in and out of stages: what earlier stages trained, and the fingerprint of the result.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CalmError, updateHash } from '@calm-orch/core';
import { readSafetensors, writeSafetensors, type Shapes, type Weights } from '@calm-orch/model';

export const weightsFile = 'model.safetensors';

/** Later directories win; a missing directory (undefined) is skipped. */
export function readWeights(...places: readonly (string | undefined)[]): Weights {
  const all: Record<string, Weights[string]> = {};
  for (const place of places) {
    if (place === undefined) continue;
    Object.assign(all, readSafetensors(join(place, weightsFile)));
  }
  return all;
}

/** The entries of `shapes`. @throws CalmError `bad_data` naming the first that is missing or of another shape. */
export function select(weights: Weights, shapes: Shapes): Weights {
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const found = weights[key];
      if (found === undefined || found.shape.join() !== shape.join())
        throw new CalmError(
          'bad_data',
          `checkpoint: ${key} should be ${shape.join('x')}, is ${found?.shape.join('x') ?? 'missing'}`,
        );
      return [key, found];
    }),
  );
}

export function writeWeights(dir: string, weights: Weights): void {
  writeSafetensors(join(dir, weightsFile), weights);
}

/** sha256 over names, shapes and bytes of the weights, in key order: 64 hex digits. */
export function fingerprintOf(weights: Weights): string {
  const hash = createHash('sha256');
  for (const key of Object.keys(weights).sort()) {
    const { shape, values } = weights[key]!;
    hash.update(`${key} ${shape.join('x')}\n`);
    updateHash(hash, values);
  }
  return hash.digest('hex');
}
