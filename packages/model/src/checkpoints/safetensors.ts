// The safetensors format: 8 bytes of header length (little endian), a JSON header, raw row-major tensors. Reads F32, F16
// and BF16 as float32, one tensor at a time; writes F32. A header that lies about sizes is an error, never a guess.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { CalmError, readInto, refuseMistakenFile, writeFileAtomic } from '@calm-orch/core';
import { partsOf, type Numbers } from '../training/numbers.ts';
import { bytesPerFloat, isFloatFormat, readFloats } from './floats.ts';

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly keys: readonly string[];
  shape(key: string): readonly number[];
  read(key: string): NamedTensor;
  /** Numbers first .. end - 1 of a tensor. */
  readPart(key: string, first: number, end: number): Float32Array;
  /** A tensor that need not be in memory whole: its pieces are read as they are gone through. */
  inPieces(key: string): { readonly shape: readonly number[]; readonly values: Numbers };
  close(): void;
}

const bytesOf: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, U8: 1, BOOL: 1, F64: 8 };
const maxHeaderBytes = 100_000_000;

/** Opens a file and checks its whole header. @throws CalmError `bad_data` naming file, key and expectation. */
export function openSafetensors(path: string): SafetensorsFile {
  refuseMistakenFile(path);
  const descriptor = open(path);
  try {
    return parse(path, descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new CalmError(
      'not_found',
      `${path}: cannot be opened (${(cause as NodeJS.ErrnoException).code ?? 'error'})`,
      { cause },
    );
  }
}

function parse(path: string, descriptor: number): SafetensorsFile {
  const bad = (what: string): CalmError =>
    new CalmError('bad_data', `${path}: ${what}; is this a whole safetensors file?`);
  const fileBytes = fstatSync(descriptor).size;
  const lengthBytes = Buffer.alloc(8);
  if (readInto(descriptor, lengthBytes) < 8) throw bad(`expected at least 8 bytes, got ${fileBytes}`);
  const headerBytes = Number(lengthBytes.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > fileBytes)
    throw bad(`the header claims ${headerBytes} bytes, the file has ${fileBytes}`);
  const headerBuffer = Buffer.alloc(headerBytes);
  readInto(descriptor, headerBuffer, 8);
  let header: unknown;
  try {
    header = JSON.parse(headerBuffer.toString('utf8'));
  } catch (cause) {
    throw new CalmError('bad_data', `${path}: the header is not JSON`, { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw bad('the header is no JSON object');
  const { __metadata__: metadata = {}, ...rest } = header as Record<string, unknown>;
  const dataStart = 8 + headerBytes;
  const entries = new Map<string, Entry>();
  for (const [key, entry] of Object.entries(rest)) {
    if (!isEntry(entry)) throw bad(`${key} lacks dtype, shape or data_offsets in the header`);
    const width = bytesOf[entry.dtype];
    if (width === undefined) throw bad(`${key} has the unknown type ${entry.dtype}`);
    const numValues = entry.shape.reduce((a, b) => a * b, 1);
    const [begin, end] = entry.data_offsets;
    if (end - begin !== numValues * width || dataStart + end > fileBytes)
      throw bad(
        `${key} (${entry.dtype} ${entry.shape.join('x')}) claims bytes ${begin} to ${end} of ${fileBytes - dataStart}`,
      );
    entries.set(key, entry);
  }
  checkNoOverlap(entries, bad);
  const entryOf = (key: string): Entry => {
    const entry = entries.get(key);
    if (entry === undefined) throw new CalmError('bad_data', `${path}: key ${key} is missing`);
    return entry;
  };
  const readPart: SafetensorsFile['readPart'] = (key, first, end) => {
    const { dtype, data_offsets: offsets } = entryOf(key);
    if (!isFloatFormat(dtype))
      throw new CalmError('bad_data', `${path}: ${key} is ${dtype}, expected F32, F16 or BF16`);
    const position = dataStart + offsets[0] + first * bytesPerFloat[dtype];
    const values = readFloats(descriptor, dtype, end - first, position);
    if (values === undefined) throw bad(`${key} ends early`);
    return values;
  };
  return {
    path,
    metadata: metadata as Readonly<Record<string, string>>,
    keys: [...entries.keys()],
    shape: (key) => entryOf(key).shape,
    read: (key) => {
      const { shape } = entryOf(key);
      return {
        shape,
        values: readPart(
          key,
          0,
          shape.reduce((a, b) => a * b, 1),
        ),
      };
    },
    readPart,
    inPieces: (key) => {
      const { shape } = entryOf(key);
      return {
        shape,
        values: partsOf(
          shape.reduce((a, b) => a * b, 1),
          (first, end) => readPart(key, first, end),
        ),
      };
    },
    close: () => closeSync(descriptor),
  };
}

/** Tensors lie side by side: bytes that are two tensors at once are a mistake or a trick. */
function checkNoOverlap(entries: ReadonlyMap<string, Entry>, bad: (what: string) => CalmError): void {
  const byPlace = [...entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  let last: readonly [string, number] = ['', 0];
  for (const [key, { data_offsets: offsets }] of byPlace) {
    if (offsets[1] === offsets[0]) continue;
    if (offsets[0] < last[1])
      throw bad(`${key} begins at byte ${offsets[0]}, within ${last[0]}, which ends at ${last[1]}`);
    last = [key, offsets[1]];
  }
}

function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Record<keyof Entry, unknown>>;
  const areCounts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return typeof dtype === 'string' && areCounts(shape) && areCounts(offsets) && offsets.length === 2;
}

/** Every tensor of a file. */
export function readSafetensors(path: string): Record<string, NamedTensor> {
  const file = openSafetensors(path);
  try {
    return Object.fromEntries(file.keys.map((key) => [key, file.read(key)]));
  } finally {
    file.close();
  }
}

/** A tensor that is written a piece at a time, each made when it is written. */
export interface TensorInPieces {
  readonly shape: readonly number[];
  readonly values: Iterable<Float32Array>;
}

/** Writes F32 tensors in key order (atomically); equal content gives equal bytes. @throws CalmError as `safetensorsContent` */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, NamedTensor | TensorInPieces>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  writeFileAtomic(path, safetensorsContent(path, tensors, metadata));
}

/**
 * The bytes of a file of F32 tensors in key order; pieces are made when they are asked for. `path` is for messages.
 * @throws CalmError `bad_data` where a tensor has not as many numbers as its shape says
 */
export function* safetensorsContent(
  path: string,
  tensors: Readonly<Record<string, NamedTensor | TensorInPieces>>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<ArrayBufferView> {
  const keys = Object.keys(tensors).sort();
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { __metadata__: metadata };
  let offset = 0;
  for (const key of keys) {
    const { shape } = tensors[key]!;
    const end = offset + shape.reduce((a, b) => a * b, bytesPerFloat.F32);
    header[key] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  yield* [length, padded];
  for (const key of keys) {
    const { shape, values } = tensors[key]!;
    let left = shape.reduce((a, b) => a * b, 1);
    for (const piece of values instanceof Float32Array ? [values] : values) {
      left -= piece.length;
      yield piece;
    }
    if (left !== 0)
      throw new CalmError(
        'bad_data',
        `${path}: ${key} (${shape.join('x')}) was given ${Math.abs(left)} numbers too ${left > 0 ? 'few' : 'many'}`,
      );
  }
}
