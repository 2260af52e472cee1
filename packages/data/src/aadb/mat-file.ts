// MATLAB 5 MAT-files as far as datasets use them: numeric arrays and cells of them, plain or compressed, either byte
// order (format: MathWorks, "MAT-File Format", level 5). Other classes are read over. Sizes are checked before anything
// is allocated, so a broken file cannot ask for more memory than it is long.
import { readFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';

export type MatArray =
  | { readonly kind: 'numeric'; readonly dims: readonly number[]; readonly values: Float64Array }
  | { readonly kind: 'cell'; readonly dims: readonly number[]; readonly cells: readonly MatArray[] }
  | { readonly kind: 'other'; readonly dims: readonly number[] };

const [headerBytes, tagBytes] = [128, 8];
const [miMatrix, miCompressed] = [14, 15];
const [cellClass, firstNumericClass, lastNumericClass] = [1, 6, 15];
const maxInflatedBytes = 256 << 20;
const maxDepth = 16;

/** Bytes and reader of each numeric storage type. */
const storages: Readonly<Record<number, readonly [number, (view: DataView, at: number, little: boolean) => number]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};

interface Element {
  readonly type: number;
  /** The element's bytes, and where the next element begins. */
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** Reads all variables by name. Throws CalmError not_found or bad_data naming the file and the byte. */
export function readMatFile(path: string): Map<string, MatArray> {
  refuseMistakenFile(path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not_found' : 'io';
    throw new CalmError(code, `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  const mark = bytes.subarray(126, 128).toString('latin1');
  if (bytes.length < headerBytes || (mark !== 'IM' && mark !== 'MI')) {
    throw new CalmError('bad_data', `${path}:1: expected a MATLAB 5 MAT-file, got a file without its header`);
  }
  return new MatReader(path, mark === 'IM').variables(bytes);
}

class MatReader {
  readonly #path: string;
  readonly #little: boolean;

  constructor(path: string, little: boolean) {
    this.#path = path;
    this.#little = little;
  }

  variables(file: Buffer): Map<string, MatArray> {
    const variables = new Map<string, MatArray>();
    for (let at = headerBytes; at < file.length;) {
      const element = this.#element(file, at, file.length);
      at = element.next;
      const body =
        element.type === miCompressed ? this.#inflated(file.subarray(element.start, element.end), element) : file;
      const inner = element.type === miCompressed ? this.#element(body, 0, body.length) : element;
      if (inner.type !== miMatrix) continue;
      const { name, array } = this.#matrix(body, inner, 0);
      variables.set(name, array);
    }
    return variables;
  }

  #inflated(bytes: Uint8Array, { start }: Element): Buffer {
    try {
      return inflateSync(bytes, { maxOutputLength: maxInflatedBytes });
    } catch (error) {
      throw this.#bad(start, 'compressed data', (error as Error).message);
    }
  }

  #element(bytes: Buffer, at: number, end: number): Element {
    if (at + tagBytes > end) throw this.#bad(at, 'a data element', 'the end of the data');
    const view = viewOf(bytes);
    const first = view.getUint32(at, this.#little);
    // A small element keeps its size in the upper half of the type and its bytes where the size would be.
    const smallSize = first >>> 16;
    if (smallSize > 0) {
      if (smallSize > 4) throw this.#bad(at, 'at most 4 bytes in a small element', String(smallSize));
      return { type: first & 0xffff, start: at + 4, end: at + 4 + smallSize, next: at + tagBytes };
    }
    const size = view.getUint32(at + 4, this.#little);
    const start = at + tagBytes;
    if (start + size > end) throw this.#bad(at, `at most ${end - start} bytes`, `an element of ${size}`);
    const padding = first === miCompressed ? 0 : (8 - (size % 8)) % 8;
    return { type: first, start, end: start + size, next: Math.min(end, start + size + padding) };
  }

  #matrix(bytes: Buffer, element: Element, depth: number): { name: string; array: MatArray } {
    if (depth > maxDepth) throw this.#bad(element.start, `at most ${maxDepth} nested cells`, 'more');
    const { start, end } = element;
    // An empty cell may be an element without content.
    if (start === end) return { name: '', array: { kind: 'other', dims: [0, 0] } };
    const flags = this.#element(bytes, start, end);
    const dims = this.#element(bytes, flags.next, end);
    const name = this.#element(bytes, dims.next, end);
    const sizes = [...this.#numbers(bytes, dims)];
    const kind = this.#numbers(bytes, flags)[0]! & 0xff;
    const count = sizes.reduce((product, size) => product * size, 1);
    if (sizes.some((size) => size < 0)) throw this.#bad(dims.start, 'sizes of at least 0', sizes.join('x'));
    const title = bytes.subarray(name.start, name.end).toString('latin1');
    if (kind === cellClass) {
      if (count * tagBytes > end - name.next) throw this.#bad(dims.start, 'as many cells as there are', `${count}`);
      const cells: MatArray[] = [];
      for (let at = name.next; cells.length < count;) {
        const cell = this.#element(bytes, at, end);
        if (cell.type !== miMatrix) throw this.#bad(at, 'an array in each cell', `type ${cell.type}`);
        cells.push(this.#matrix(bytes, cell, depth + 1).array);
        at = cell.next;
      }
      return { name: title, array: { kind: 'cell', dims: sizes, cells } };
    }
    if (kind < firstNumericClass || kind > lastNumericClass) {
      return { name: title, array: { kind: 'other', dims: sizes } };
    }
    const values = this.#numbers(bytes, this.#element(bytes, name.next, end));
    if (values.length !== count) throw this.#bad(name.next, `${sizes.join('x')} numbers`, String(values.length));
    return { name: title, array: { kind: 'numeric', dims: sizes, values } };
  }

  #numbers(bytes: Buffer, { type, start, end }: Element): Float64Array {
    const storage = storages[type];
    if (storage === undefined) throw this.#bad(start, 'numbers', `type ${type}`);
    const [width, read] = storage;
    const view = viewOf(bytes);
    const values = new Float64Array(Math.floor((end - start) / width));
    for (let i = 0; i < values.length; i++) values[i] = read(view, start + i * width, this.#little);
    return values;
  }

  #bad(at: number, expected: string, got: string): CalmError {
    return new CalmError('bad_data', `${this.#path}:1: byte ${at}: expected ${expected}, got ${got}`);
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A compressed little-endian MAT-file with one 1xN cell of numeric arrays, each given by rows. */
export function matFileOfCells(name: string, arrays: readonly (readonly (readonly number[])[])[]): Buffer {
  const header = Buffer.alloc(headerBytes, ' ', 'latin1');
  header.write('MATLAB 5.0 MAT-file', 'latin1');
  header.fill(0, 116, 124);
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126, 'latin1');
  const doubles = arrays.map((rows) => {
    const columns = rows[0]?.length ?? 0;
    const values = Buffer.alloc(rows.length * columns * 8);
    rows.forEach((row, i) => row.forEach((value, j) => values.writeDoubleLE(value, (j * rows.length + i) * 8)));
    return matrixElement(firstNumericClass, [rows.length, columns], '', elementOf(9, values));
  });
  const cell = matrixElement(cellClass, [1, arrays.length], name, Buffer.concat(doubles));
  const compressed = deflateSync(cell);
  const tag = Buffer.alloc(tagBytes);
  tag.writeUInt32LE(miCompressed, 0);
  tag.writeUInt32LE(compressed.length, 4);
  return Buffer.concat([header, tag, compressed]);
}

function matrixElement(kind: number, dims: readonly number[], name: string, body: Buffer): Buffer {
  const numbers = (values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
  const parts = [elementOf(6, numbers([kind, 0])), elementOf(5, numbers(dims)), elementOf(1, Buffer.from(name)), body];
  return elementOf(miMatrix, Buffer.concat(parts));
}

function elementOf(type: number, bytes: Buffer): Buffer {
  const tag = Buffer.alloc(tagBytes);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([tag, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}
