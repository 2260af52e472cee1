// Counter-based random numbers (Philox4x32-10, Salmon et al., SC 2011). Every number is a function of a key and a
// counter, never of what was drawn before by somebody else: the key names (seed, stage, epoch, sample), so the same
// sample sees the same randomness on whatever worker, in whatever order, after whatever restart.
import { createHash } from 'node:crypto';

export interface Rng {
  /** Uniform 32-bit unsigned integer. */
  uint32(): number;
  /** Uniform in [0, 1) with 32 bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  range(low: number, high: number): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(mean?: number, sd?: number): number;
  /** One element. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/** The generator of a named place: `rng(seed, 'augment', epoch, sampleId)`. Parts are joined with '/' and hashed. */
export function rng(...key: readonly (string | number)[]): Rng {
  const digest = createHash('sha256').update(key.join('/')).digest();
  const key0 = digest.readUInt32LE(0);
  const key1 = digest.readUInt32LE(4);
  const counter: [number, number] = [digest.readUInt32LE(8), digest.readUInt32LE(12)];
  const block = new Uint32Array(4);
  let blockIndex = 0;
  let used = 4;

  const uint32 = (): number => {
    if (used === 4) {
      philox(blockIndex++, counter[0], counter[1], key0, key1, block);
      used = 0;
    }
    return block[used++]!;
  };
  const uniform = (): number => uint32() / 4294967296;
  const int = (n: number): number => Math.floor(uniform() * n);
  return {
    uint32,
    uniform,
    int,
    range: (low, high) => low + (high - low) * uniform(),
    normal: (mean = 0, sd = 1) => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return mean + sd * radius * Math.cos(2 * Math.PI * uniform());
    },
    pick: (items) => items[int(items.length)]!,
    shuffle: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [copy[i], copy[j]] = [copy[j]!, copy[i]!];
      }
      return copy;
    },
  };
}

/** High 32 bits of the 64-bit product of two 32-bit words, in 16-bit limbs. */
function mulHi(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

/** One Philox4x32-10 block of four words for counter (c0, 0, c2, c3). */
function philox(c0: number, c2: number, c3: number, key0: number, key1: number, out: Uint32Array): void {
  let x0 = c0 >>> 0;
  let x1 = 0;
  let x2 = c2;
  let x3 = c3;
  for (let round = 0; round < 10; round++) {
    const hi0 = mulHi(0xd2511f53, x0);
    const lo0 = Math.imul(0xd2511f53, x0) >>> 0;
    const hi1 = mulHi(0xcd9e8d57, x2);
    const lo1 = Math.imul(0xcd9e8d57, x2) >>> 0;
    x0 = (hi1 ^ x1 ^ key0) >>> 0;
    x1 = lo1;
    x2 = (hi0 ^ x3 ^ key1) >>> 0;
    x3 = lo0;
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}
