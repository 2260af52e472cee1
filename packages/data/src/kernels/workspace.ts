// The way to the pixel kernels (../../assembly, compiled to WebAssembly): a workspace is their memory, laid out for one
// operation. Bytes go in, kernels run, bytes are copied out; nothing is kept from one operation to the next.
import { wasm } from './generated/wasm.ts';

type FromPlanes = [
  pixels: number,
  width: number,
  height: number,
  paddedWidth: number,
  y: number,
  cb: number,
  cr: number,
  line: number,
];

/** Pointers are byte offsets into the workspace; what each function computes is described in ../../assembly. */
export interface Kernels {
  shiftValue(pixels: number, numPixels: number, shift: number, ofBlack: number): void;
  scaleSaturation(pixels: number, numPixels: number, factor: number, offset: number): void;
  linear(pixels: number, numPixels: number, factor: number, ofRed: number, ofGreen: number, ofBlue: number): void;
  sumChannels(pixels: number, numPixels: number, sums: number): void;
  cellMeans(
    ...args: [
      pixels: number,
      stride: number,
      begin: number,
      end: number,
      columns: number,
      xs: number,
      weights: number,
      sums: number,
      cells: number,
    ]
  ): void;
  spreadCells(cells: number, nearest: number, width: number, to: number): void;
  resampleRows(
    ...args: [
      pixels: number,
      rowBytes: number,
      numRows: number,
      line: number,
      lineStart: number,
      linePixels: number,
      pairs: number,
      pairsBytes: number,
      first: number,
      weights: number,
      numPairs: number,
      target: number,
      targetStride: number,
      targetWidth: number,
    ]
  ): void;
  resampleColumns(
    ...args: [lines: number, stride: number, numBytes: number, weights: number, numPairs: number, target: number]
  ): void;
  toPlanes(
    ...args: [
      pixels: number,
      width: number,
      height: number,
      paddedWidth: number,
      paddedHeight: number,
      y: number,
      cb: number,
      cr: number,
      line: number,
      scratch: number,
    ]
  ): void;
  transformPlane(plane: number, width: number, height: number, steps: number, block: number): void;
  fromPlanes(...args: [...FromPlanes, scratch: number]): void;
  fromFullPlanes(...args: FromPlanes): void;
  decodeScan(
    ...args: [
      data: number,
      length: number,
      copy: number,
      unitsAcross: number,
      unitsDown: number,
      restart: number,
      components: number,
      positions: number,
      block: number,
    ]
  ): number;
}

export interface Workspace<Name extends string> {
  readonly kernels: Kernels;
  /** Where each part begins. */
  readonly at: Readonly<Record<Name, number>>;
  /** A view of `length` bytes from `start` on; worthless once another workspace of the same purpose was opened. */
  bytes(start: number, length: number): Uint8Array;
  ints(start: number, length: number): Int32Array;
}

/** What is used here of WebAssembly, whose types come with browsers only. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(numPages: number): number;
}
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (options: { initial: number }) => Memory;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

interface Instance {
  readonly kernels: Kernels;
  readonly memory: Memory;
}

const pageBytes = 65536;
/** Kernels read whole vectors, up to this far beyond their operands. */
const slack = 64;
/** Memory never shrinks: larger workspaces get one of their own, which goes with them. */
const mostKept = 64 * 2 ** 20;

let module: object | undefined;
const kept = new Map<string, Instance>();

function newInstance(numPages: number): Instance {
  module ??= new WebAssembly.Module(Buffer.from(wasm, 'base64'));
  const memory = new WebAssembly.Memory({ initial: numPages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, kernels: exports as Kernels };
}

function instanceOf(purpose: string, numBytes: number): Instance {
  const numPages = Math.ceil(numBytes / pageBytes);
  if (numBytes > mostKept) return newInstance(numPages);
  let instance = kept.get(purpose);
  if (instance === undefined) kept.set(purpose, (instance = newInstance(numPages)));
  const missing = numPages - instance.memory.buffer.byteLength / pageBytes;
  if (missing > 0) instance.memory.grow(missing);
  return instance;
}

/**
 * Room for the named parts, of so many bytes each; their content is whatever was there. Workspaces of one `purpose` share their
 * memory: opening one ends the one before.
 */
export function openWorkspace<Name extends string>(
  parts: Readonly<Record<Name, number>>,
  purpose: 'change' | 'decode' = 'change',
): Workspace<Name> {
  let end = slack;
  const at = {} as Record<Name, number>;
  for (const [name, numBytes] of Object.entries(parts) as [Name, number][]) {
    at[name] = end;
    end += 16 * Math.ceil((numBytes + slack) / 16);
  }
  const { kernels, memory } = instanceOf(purpose, end);
  return {
    kernels,
    at,
    bytes: (start, length) => new Uint8Array(memory.buffer, start, length),
    ints: (start, length) => new Int32Array(memory.buffer, start, length),
  };
}
