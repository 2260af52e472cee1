// torch's `.bin` / `.pth` / `.pt`: a zip archive of one pickle (`<name>/data.pkl`) and one member of raw numbers per
// storage (`<name>/data/<key>`). The pickle says which tensor is which part of which storage; tensors are then read one
// by one from their place, so a file of 10 GB needs the memory of its largest tensor.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';
import type { NamedTensor, SafetensorsFile } from '../safetensors.ts';
import { bytesPerFloat, isFloatFormat, readFloats } from '../floats.ts';
import { readStateDict, type StorageFormat, type TorchTensor } from './torch-pickle.ts';
import { readBytes, readZipDirectory, type ZipMember } from './zip.ts';

/** What any checkpoint file offers, whatever its format. */
export type TensorFile = Omit<SafetensorsFile, 'readPart' | 'inPieces'>;

const bytesPerElement: Readonly<Record<StorageFormat, number>> = { ...bytesPerFloat, I64: 8 };
const maxPickleBytes = 64 * 1024 * 1024;
/** Strides of zero repeat a storage: the largest tensor that may have more values than its storage. */
const maxRepeatedElements = 2 ** 24;
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * Opens an archive and checks every tensor's place.
 * @throws CalmError `bad_data` naming file, key and expectation; `not_found` where it cannot be opened.
 */
export function openTorchBin(path: string): TensorFile {
  refuseMistakenFile(path);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new CalmError('not_found', `${path}: cannot be opened (${code})`, { cause });
  }
  try {
    return open(path, descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function open(path: string, descriptor: number): TensorFile {
  const bad = (what: string): CalmError => new CalmError('bad_data', `${path}: ${what}`);
  const fileBytes = fstatSync(descriptor).size;
  const signature = fileBytes < 4 ? '' : readBytes(path, descriptor, 0, 4, 'the file').toString('latin1');
  if (!signature.startsWith('PK'))
    throw bad(
      'is no zip archive; torch.save before version 1.6 wrote another format: load the file with torch and save it again',
    );
  const members = readZipDirectory(path, descriptor, fileBytes);
  const pickles = [...members.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) throw bad(`expected one member <name>/data.pkl, found ${pickles.length}`);
  const root = pickles[0]!.slice(0, -'data.pkl'.length);
  const whole = (name: string, { offset, sizeBytes }: ZipMember, max: number): Buffer => {
    if (sizeBytes > max) throw bad(`${name} has ${sizeBytes} bytes, at most ${max} are read`);
    return readBytes(path, descriptor, offset, sizeBytes, name);
  };
  const byteOrder = members.get(`${root}byteorder`);
  if (byteOrder !== undefined && whole('byteorder', byteOrder, 16).toString() !== 'little')
    throw bad('is big-endian; only little-endian files are read');

  const tensors = readStateDict(path, whole(pickles[0]!, members.get(pickles[0]!)!, maxPickleBytes));
  const places = new Map<string, ZipMember>();
  for (const [key, tensor] of tensors) places.set(key, placeOf(key, tensor));

  function placeOf(key: string, { storage, format, storageElements, offset, shape, strides }: TorchTensor): ZipMember {
    const member = members.get(`${root}data/${storage}`);
    if (member === undefined) throw bad(`${key} is in data/${storage}, which the archive lacks`);
    const claimed = storageElements * bytesPerElement[format];
    if (member.sizeBytes !== claimed)
      throw bad(
        `${key}: data/${storage} should have ${claimed} bytes (${storageElements} x ${format}), has ${member.sizeBytes}`,
      );
    const elements = sizeOf(shape);
    const end = elements === 0 ? offset : offset + spanOf(shape, strides);
    if (end > storageElements || elements > Math.max(storageElements, maxRepeatedElements))
      throw bad(
        `${key} (${shape.join('x')}, strides ${strides.join(',')}) claims elements ${offset} to ${end} of a storage of ${storageElements}`,
      );
    return member;
  }

  const tensorOf = (key: string): TorchTensor => {
    const tensor = tensors.get(key);
    if (tensor === undefined) throw bad(`key ${key} is missing`);
    return tensor;
  };
  return {
    path,
    metadata: {},
    keys: [...tensors.keys()],
    shape: (key) => tensorOf(key).shape,
    read: (key): NamedTensor => {
      const { format, offset, shape, strides } = tensorOf(key);
      if (!isFloatFormat(format)) throw bad(`key ${key} is ${format}, expected F32, F16 or BF16`);
      if (sizeOf(shape) === 0) return { shape, values: new Float32Array(0) };
      const from = places.get(key)!.offset + offset * bytesPerFloat[format];
      const stored = readFloats(descriptor, format, spanOf(shape, strides), from);
      if (stored === undefined) throw bad(`${key} ends early`);
      return { shape, values: isRowMajor(shape, strides) ? stored : gather(stored, shape, strides) };
    },
    close: () => closeSync(descriptor),
  };
}

/** Elements from the first to the last that a view of at least one element touches. */
const spanOf = (shape: readonly number[], strides: readonly number[]): number =>
  shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1);

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Row-major copy of a strided view. */
function gather(stored: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = stored[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return values;
}
