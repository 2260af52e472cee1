// Stored numbers to float32: F32 as they are, F16 and BF16 exactly widened (both are subsets of float32).
// Little-endian, as safetensors prescribes and every platform of this program is.
import { readInto } from '@calm-orch/core';

export type FloatFormat = 'F32' | 'F16' | 'BF16';

export const bytesPerFloat: Readonly<Record<FloatFormat, number>> = { F32: 4, F16: 2, BF16: 2 };

export const isFloatFormat = (dtype: string): dtype is FloatFormat => Object.hasOwn(bytesPerFloat, dtype);

/** `count` numbers of a file from `position` on; undefined where it ends earlier. Not through a Buffer: that has an end. */
export function readFloats(
  descriptor: number,
  format: FloatFormat,
  count: number,
  position: number,
): Float32Array | undefined {
  const stored = format === 'F32' ? new Float32Array(count) : new Uint16Array(count);
  if (readInto(descriptor, stored, position) < stored.byteLength) return undefined;
  return stored instanceof Float32Array ? stored : widen(format, stored);
}

function widen(format: FloatFormat, halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  // Plain loops over typed arrays: a 7 B model has 6.7 billion of these, and `from` with a function is ten times slower.
  if (format === 'BF16') {
    const words = new Uint32Array(values.buffer);
    for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  } else {
    const table = (halfTable ??= Float32Array.from({ length: 65536 }, (_, half) => halfToFloat(half)));
    for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]!]!;
  }
  return values;
}

let halfTable: Float32Array | undefined;

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
