// Child program of the installer and of `doctor`: loads an engine folder, multiplies two matrices and prints what came
// out as one line of JSON. A library that crashes the process then costs a child, not the installer.
// The matrices hold small integers, so every entry of the product is exact in fp32 and is compared exactly.
import { readFileSync } from 'node:fs';
import { loadEngine, type EngineLocation } from '../load.ts';

export interface ProbeRequest extends EngineLocation {
  /** Rows and columns of the square matrices. */
  readonly size: number;
  /** Products are timed for about this long; the fastest counts. */
  readonly measureMs: number;
}

export interface ProbeReport {
  readonly version: string;
  readonly gflops: number;
  /** Whether the CUDA libraries were loaded; TensorFlow goes on without them when one is missing. */
  readonly usesGpu: boolean;
}

const request = JSON.parse(process.argv[2] ?? '') as ProbeRequest;
const engine = await loadEngine(request);
const { tf } = engine;
const { size } = request;

const entryOf = (row: number, column: number, factor: number): number => ((row * factor + column * 7) % 5) - 2;
const matrix = (factor: number) =>
  tf.tensor2d(
    Float32Array.from({ length: size * size }, (_, i) => entryOf(Math.floor(i / size), i % size, factor)),
    [size, size],
  );
const a = matrix(3);
const b = matrix(11);

const product = tf.matMul(a, b).dataSync();
for (let i = 0; i < size; i += Math.max(1, Math.floor(size / 16))) {
  const row = i;
  const column = (i * 13 + 5) % size;
  let expected = 0;
  for (let k = 0; k < size; k += 1) expected += entryOf(row, k, 3) * entryOf(k, column, 11);
  const got = product[row * size + column];
  if (got !== expected)
    throw new Error(
      `error: matrix product at ${String(row)},${String(column)}: expected ${String(expected)}, got ${String(got)}`,
    );
}

let fastestMs = Infinity;
const started = performance.now();
do {
  const begin = performance.now();
  // Reading one entry waits for the product on devices that compute in the background.
  tf.tidy(() => tf.matMul(a, b).slice([0, 0], [1, 1]).dataSync());
  fastestMs = Math.min(fastestMs, performance.now() - begin);
} while (performance.now() - started < request.measureMs);

const report: ProbeReport = {
  version: engine.version,
  gflops: Math.round((2 * size ** 3) / fastestMs / 1e5) / 10,
  usesGpu: request.package.endsWith('-gpu') && mapsLibrary('libcublas'),
};
console.log(JSON.stringify(report));
// Wasm workers and TensorFlow's threads need not be waited for.
process.exit(0);

function mapsLibrary(name: string): boolean {
  try {
    return readFileSync('/proc/self/maps', 'utf8').includes(name);
  } catch {
    return false;
  }
}
