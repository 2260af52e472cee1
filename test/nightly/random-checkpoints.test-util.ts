// Checkpoints of the paper's sizes with random weights, in the files Hugging Face gives: config.json, safetensors in
// float32, float16 or bfloat16, whole or in shards with an index. Written tensor by tensor.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { rng } from '@calm-orch/core';

type Shapes = Readonly<Record<string, readonly number[]>>;
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const numDraws = 65536;

/** Normal with deviation 0.02; gains of norms are 1. The draws repeat, shifted, as a tensor is larger than the table. */
function valuesOf<T extends Float32Array | Uint16Array>(table: T, one: number, key: string, values: T): T {
  if (/norm\d?\.weight$/i.test(key)) return values.fill(one) as T;
  const random = rng('wide', key);
  for (let i = 0; i < values.length; i += numDraws) {
    const shift = random.int(numDraws);
    const end = Math.min(values.length, i + numDraws);
    for (let j = i; j < end; j++) values[j] = table[(j + shift) & (numDraws - 1)]!;
  }
  return values;
}

function drawTable(): Float32Array {
  const random = rng('wide', 'table');
  return Float32Array.from({ length: numDraws }, () => random.normal(0, 0.02));
}

/** Nearest float16 of a normal number, as bits. */
function toHalf(x: number): number {
  const sign = x < 0 ? 0x8000 : 0;
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(x) || 2 ** -24)));
  const fraction = Math.round((Math.abs(x) / 2 ** exponent) * 1024);
  return exponent === -14 && fraction < 1024 ? sign | fraction : sign | (((exponent + 15) << 10) + fraction - 1024);
}

type Format = 'F32' | 'F16' | 'BF16';

/** The upper half of a float32: a bfloat16, rounded towards zero. */
const toBfloat16 = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16;

/** Writes one safetensors file; its bytes. */
function writeFile(path: string, shapes: Shapes, format: Format): number {
  const width = format === 'F32' ? 4 : 2;
  let offset = 0;
  const header = Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => [
      key,
      { dtype: format, shape, data_offsets: [offset, (offset += width * sizeOf(shape))] },
    ]),
  );
  const text = JSON.stringify({ __metadata__: { format: 'pt' }, ...header });
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const floats = drawTable();
  const halfOf = format === 'BF16' ? toBfloat16 : toHalf;
  const halves = Uint16Array.from(floats, halfOf);
  const file = openSync(path, 'w');
  writeSync(file, length);
  writeSync(file, json);
  for (const [key, shape] of Object.entries(shapes)) {
    const size = sizeOf(shape);
    const values =
      format === 'F32'
        ? valuesOf(floats, 1, key, new Float32Array(size))
        : valuesOf(halves, halfOf(1), key, new Uint16Array(size));
    const bytes = new Uint8Array(values.buffer);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 28));
  }
  closeSync(file);
  return 8 + json.length + offset;
}

/** A model folder; its bytes. With `shardBytes`, several files of about so many and an index. */
export function writeModelFolder(
  dir: string,
  config: Readonly<Record<string, unknown>>,
  shapes: Shapes,
  format: Format,
  shardBytes = Infinity,
): number {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  const shards: Record<string, readonly number[]>[] = [{}];
  let filled = 0;
  for (const [key, shape] of Object.entries(shapes)) {
    const bytes = sizeOf(shape) * (format === 'F32' ? 4 : 2);
    if (filled > 0 && filled + bytes > shardBytes) {
      shards.push({});
      filled = 0;
    }
    shards.at(-1)![key] = shape;
    filled += bytes;
  }
  if (shards.length === 1) return writeFile(join(dir, 'model.safetensors'), shapes, format);
  const name = (i: number): string =>
    `model-${String(i + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`;
  const map = Object.fromEntries(shards.flatMap((shard, i) => Object.keys(shard).map((key) => [key, name(i)])));
  writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
  return shards.reduce((sum, shard, i) => sum + writeFile(join(dir, name(i)), shard, format), 0);
}
