import type { Rng } from '@calm-orch/core';

/** Fills `into` with the values plus independent normal noise of deviation `sd`; Box-Muller, both halves of each pair used. */
export function addNormalNoise<T extends Float32Array | Uint8ClampedArray>(
  values: Float32Array | Uint8Array,
  sd: number,
  random: Rng,
  into: T,
): T {
  for (let i = 0; i < values.length; i += 2) {
    const radius = sd * Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    into[i] = values[i]! + radius * Math.cos(angle);
    if (i + 1 < values.length) into[i + 1] = values[i + 1]! + radius * Math.sin(angle);
  }
  return into;
}
