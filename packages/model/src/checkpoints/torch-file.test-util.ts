// Writes the archives torch.save would write, and ones it would not, for tests of the reader.
import { closeSync, openSync, writeSync } from 'node:fs';

export interface Member {
  readonly name: string;
  readonly content: Buffer;
  /** Size the directory claims. @default the content's */
  readonly claimedBytes?: number;
  /** Compression method the directory claims. @default 0, stored */
  readonly method?: number;
  /** Zeros before the member, left out of the file where its system allows. @default 0 */
  readonly holeBytes?: number;
}

interface Part {
  readonly offset: number;
  readonly bytes: Buffer;
}

const n16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const n32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const n64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** A zip archive of stored members; with `zip64` all sizes and offsets stand in 64-bit fields only. */
export function zipOf(members: readonly Member[], options?: { readonly zip64?: boolean }): Buffer {
  return Buffer.concat(zipParts(members, options).map(({ bytes }) => bytes));
}

function zipParts(members: readonly Member[], { zip64 = false } = {}): Part[] {
  const parts: Part[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, claimedBytes = content.length, method = 0, holeBytes = 0 } of members) {
    offset += holeBytes;
    const encoded = Buffer.from(name);
    // torch pads the local extra field so that contents are aligned to 64 bytes.
    const padding = Buffer.concat([Buffer.from('FB'), n16(8), Buffer.alloc(8, 'Z')]);
    const sizes = zip64 ? [n32(0xffffffff), n32(0xffffffff)] : [n32(claimedBytes), n32(claimedBytes)];
    const fields = [n16(20), n16(0), n16(method), n32(0), n32(0), ...sizes, n16(encoded.length)];
    const bytes = Buffer.concat([n32(0x04034b50), ...fields, n16(padding.length), encoded, padding, content]);
    parts.push({ offset, bytes });
    const wide = Buffer.concat([n16(1), n16(24), n64(claimedBytes), n64(claimedBytes), n64(offset)]);
    const extra = zip64 ? wide : Buffer.alloc(0);
    const rest = [n16(extra.length), n16(0), n16(0), n16(0), n32(0), n32(zip64 ? 0xffffffff : offset), encoded, extra];
    directory.push(Buffer.concat([n32(0x02014b50), n16(20), ...fields, ...rest]));
    offset += bytes.length;
  }
  const list = Buffer.concat(directory);
  const count = members.length;
  const record = [n32(0x06064b50), n64(44), n16(45), n16(45), n32(0), n32(0), n64(count), n64(count), n64(list.length)];
  const locator = [n32(0x07064b50), n32(0), n64(offset + list.length), n32(1)];
  const end64 = zip64 ? [...record, n64(offset), ...locator] : [];
  const counts = zip64 ? [n16(0xffff), n16(0xffff)] : [n16(count), n16(count)];
  const place = zip64 ? [n32(0xffffffff), n32(0xffffffff)] : [n32(list.length), n32(offset)];
  const end = Buffer.concat([list, ...end64, n32(0x06054b50), n16(0), n16(0), ...counts, ...place, n16(0)]);
  return [...parts, { offset, bytes: end }];
}

export interface PickledTensor {
  readonly type?: 'FloatStorage' | 'HalfStorage' | 'BFloat16Storage' | 'LongStorage';
  readonly storage: string;
  readonly storageElements: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from('X'), n32(Buffer.byteLength(value)), Buffer.from(value)]);
const int = (value: number): Buffer => Buffer.concat([Buffer.from('J'), n32(value)]);
const tuple = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]);
export const globalOp = (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`);

function tensorOps({
  type = 'FloatStorage',
  storage,
  storageElements,
  offset = 0,
  shape,
  strides,
}: PickledTensor): Buffer {
  const id = tuple([text('storage'), globalOp('torch', type), text(storage), text('cpu'), int(storageElements)]);
  const hooks = Buffer.concat([globalOp('collections', 'OrderedDict'), Buffer.from(')R')]);
  const values = [
    id,
    Buffer.from('Q'),
    int(offset),
    tuple(shape.map(int)),
    tuple(strides.map(int)),
    Buffer.from('\x89', 'latin1'),
    hooks,
  ];
  return Buffer.concat([globalOp('torch._utils', '_rebuild_tensor_v2'), tuple(values), Buffer.from('R')]);
}

/** Protocol 2, as torch.save(state_dict): an OrderedDict with its `_metadata` set, or the plain dict `wrapper` around it. */
export function pickleOf(tensors: Readonly<Record<string, PickledTensor>>, wrapper?: string): Buffer {
  const items = Object.entries(tensors).flatMap(([key, tensor]) => [text(key), tensorOps(tensor)]);
  const state = Buffer.concat([Buffer.from('}'), text('_metadata'), Buffer.from('}sb')]);
  const dict = Buffer.concat([
    globalOp('collections', 'OrderedDict'),
    Buffer.from(')R('),
    ...items,
    Buffer.from('u'),
    state,
  ]);
  const top = wrapper === undefined ? dict : Buffer.concat([Buffer.from('}'), text(wrapper), dict, Buffer.from('s')]);
  return Buffer.concat([Buffer.from([0x80, 2]), top, Buffer.from('.')]);
}

/** The bytes of float32 numbers. */
export const floats = (values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
/** The bytes of 16-bit words. */
export const words = (values: readonly number[]): Buffer => Buffer.from(Uint16Array.from(values).buffer);

/** An archive as torch.save writes it; `holeBytes` stand before its storages. */
export function writeTorchFile(
  path: string,
  pickle: Buffer,
  storages: Readonly<Record<string, Buffer>>,
  { zip64 = false, holeBytes = 0 } = {},
): void {
  const data = Object.entries(storages).map(([key, content], i) => ({
    name: `archive/data/${key}`,
    content,
    holeBytes: i === 0 ? holeBytes : 0,
  }));
  const members = [{ name: 'archive/data.pkl', content: pickle }, ...data];
  const descriptor = openSync(path, 'w');
  for (const { offset, bytes } of zipParts([...members, { name: 'archive/version', content: Buffer.from('3\n') }], {
    zip64,
  }))
    writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
}
