// Reads the pickle in a torch.save archive without Python: a stack machine for the opcodes torch writes, whose only
// callables are the two below. It never looks a name up and never calls anything else; a pickle that asks for another
// global is refused by name. Nothing is read but the bytes given, and nothing is copied, so memory stays in proportion.
import { CalmError } from '@calm-orch/core';
import type { FloatFormat } from '../floats.ts';

/** I64 are the position ids of older files: read by name, never by value. */
export type StorageFormat = FloatFormat | 'I64';

/** A tensor as the pickle describes it; its numbers are in the archive's member `data/<storage>`. */
export interface TorchTensor {
  readonly storage: string;
  readonly format: StorageFormat;
  /** Elements the pickle claims the storage to have. */
  readonly storageElements: number;
  /** In elements, as are strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const storageFormats: Readonly<Record<string, StorageFormat>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
};
const orderedDict = 'collections.OrderedDict';
const rebuildTensor = 'torch._utils._rebuild_tensor_v2';

/** The only globals a checkpoint may name. */
export const admittedGlobals: readonly string[] = [...Object.keys(storageFormats), orderedDict, rebuildTensor];

class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
class Storage {
  readonly key: string;
  readonly format: StorageFormat;
  readonly elements: number;
  constructor(key: string, format: StorageFormat, elements: number) {
    this.key = key;
    this.format = format;
    this.elements = elements;
  }
}
class Tensor {
  readonly tensor: TorchTensor;
  constructor(tensor: TorchTensor) {
    this.tensor = tensor;
  }
}
class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}
type Value =
  null | boolean | number | bigint | string | Value[] | Map<Value, Value> | Tuple | Global | Storage | Tensor;

const mark = Symbol('mark');

/**
 * The tensors of a pickled state dict by key: of the dict itself, or of its entry `model` or `state_dict`. Entries that
 * are no tensors are left out. `path` is for messages.
 * @throws CalmError `bad_data` naming the file and what it asks for.
 */
export function readStateDict(path: string, pickle: Buffer): Map<string, TorchTensor> {
  const bad = (what: string): CalmError => new CalmError('bad_data', `${path}: ${what}`);
  const top = unpickle(pickle, bad);
  if (!(top instanceof Map)) throw bad('the pickle is no dict of tensors; was it saved as a state_dict?');
  const wrapped = [top.get('model'), top.get('state_dict')].find((value) => value instanceof Map);
  const tensors = new Map<string, TorchTensor>();
  for (const [key, value] of wrapped ?? top)
    if (typeof key === 'string' && value instanceof Tensor) tensors.set(key, value.tensor);
  if (tensors.size === 0) throw bad('the pickle holds no tensors; was it saved as a state_dict?');
  return tensors;
}

type Bad = (what: string) => CalmError;

function unpickle(pickle: Buffer, bad: Bad): Value {
  const stack: (Value | typeof mark)[] = [];
  const memo = new Map<number, Value>();
  let at = 0;
  const take = (length: number): number => {
    if (length > pickle.length - at) throw bad(`the pickle ends early, at byte ${pickle.length}`);
    at += length;
    return at - length;
  };
  const text = (length: number): string => {
    const from = take(length);
    return pickle.toString('utf8', from, from + length);
  };
  const line = (): string => {
    const end = pickle.indexOf(10, at);
    return text((end < 0 ? pickle.length : end) - at + 1).slice(0, -1);
  };
  const pop = (): Value => {
    const value = stack.pop();
    if (value === undefined || value === mark) throw bad(`the pickle is malformed at byte ${at}`);
    return value;
  };
  const popToMark = (): Value[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) throw bad(`the pickle is malformed at byte ${at}`);
    const items = stack.splice(from) as Value[];
    items.shift();
    return items;
  };
  const popTuple = (length: number): Tuple => new Tuple(Array.from({ length }, pop).reverse());
  const peek = (): Value => {
    const value = stack.at(-1);
    if (value === undefined || value === mark) throw bad(`the pickle is malformed at byte ${at}`);
    return value;
  };
  const remember = (index: number): void => void memo.set(index, peek());
  const recall = (index: number): void => {
    const value = memo.get(index);
    if (value === undefined) throw bad(`the pickle is malformed at byte ${at}`);
    stack.push(value);
  };
  const setItems = (items: readonly Value[]): void => {
    const dict = peek();
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw bad(`the pickle is malformed at byte ${at}`);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!);
  };
  const append = (items: readonly Value[]): void => {
    const list = peek();
    if (!Array.isArray(list)) throw bad(`the pickle is malformed at byte ${at}`);
    for (const item of items) list.push(item);
  };
  const pushGlobal = (module: string, name: string): void => {
    const full = `${module}.${name}`;
    if (!admittedGlobals.includes(full))
      throw bad(
        `the pickle asks for the global ${full}; only ${admittedGlobals.join(', ')} are admitted, because others can ` +
          'run code. Convert the file to safetensors in an environment you trust it in',
      );
    stack.push(new Global(full));
  };

  for (;;) {
    const start = take(1);
    const opcode = pickle[start]!;
    switch (opcode) {
      case 0x80: // PROTO
        take(1);
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2e: // STOP
        return pop();
      case 0x28: // MARK
        stack.push(mark);
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        break;
      case 0x29: // EMPTY_TUPLE
        stack.push(new Tuple([]));
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(popTuple(opcode - 0x84));
        break;
      case 0x74: // TUPLE
        stack.push(new Tuple(popToMark()));
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(opcode === 0x88);
        break;
      case 0x4b: // BININT1
        stack.push(pickle[take(1)]!);
        break;
      case 0x4d: // BININT2
        stack.push(pickle.readUInt16LE(take(2)));
        break;
      case 0x4a: // BININT
        stack.push(pickle.readInt32LE(take(4)));
        break;
      case 0x8a: // LONG1
        stack.push(longOf(pickle, pickle[take(1)]!, take));
        break;
      case 0x47: // BINFLOAT
        stack.push(pickle.readDoubleBE(take(8)));
        break;
      case 0x58: // BINUNICODE
        stack.push(text(pickle.readUInt32LE(take(4))));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(text(pickle[take(1)]!));
        break;
      case 0x71: // BINPUT
        remember(pickle[take(1)]!);
        break;
      case 0x72: // LONG_BINPUT
        remember(pickle.readUInt32LE(take(4)));
        break;
      case 0x94: // MEMOIZE
        remember(memo.size);
        break;
      case 0x68: // BINGET
        recall(pickle[take(1)]!);
        break;
      case 0x6a: // LONG_BINGET
        recall(pickle.readUInt32LE(take(4)));
        break;
      case 0x73: {
        // SETITEM
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popToMark());
        break;
      case 0x63: // GLOBAL
      case 0x69: // INST
        pushGlobal(line(), line());
        // INST would also call it; of the admitted globals torch writes none so.
        if (opcode === 0x69) throw bad('the pickle uses the opcode 0x69, which torch does not write');
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        const module = pop();
        if (typeof name !== 'string' || typeof module !== 'string') throw bad(`the pickle is malformed at byte ${at}`);
        pushGlobal(module, name);
        break;
      }
      case 0x51: // BINPERSID
        stack.push(storageOf(pop(), bad));
        break;
      case 0x52: {
        // REDUCE
        const values = pop();
        stack.push(reduce(pop(), values, bad));
        break;
      }
      case 0x62: {
        // BUILD: attributes of a state_dict (its _metadata), which say nothing about tensors
        pop();
        if (!(peek() instanceof Map)) throw bad('the pickle sets the state of something that is no dict');
        break;
      }
      default:
        throw bad(`the pickle uses the opcode 0x${opcode.toString(16)} at byte ${start}, which torch does not write`);
    }
  }
}

/** A little-endian two's complement integer of `length` bytes. */
function longOf(pickle: Buffer, length: number, take: (length: number) => number): Value {
  const from = take(length);
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(pickle[from + i]!);
  value = BigInt.asIntN(8 * length, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const isCount = (value: Value | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** ('storage', type, key, device, number of elements) */
function storageOf(id: Value, bad: Bad): Storage {
  const [kind, type, key, , elements] = id instanceof Tuple ? id.items : [];
  const format = type instanceof Global ? storageFormats[type.name] : undefined;
  if (kind !== 'storage' || format === undefined || typeof key !== 'string' || !isCount(elements))
    throw bad('the pickle refers to something that is no storage of floats or whole numbers');
  return new Storage(key, format, elements);
}

/** The two calls that are admitted: an ordered dict, empty or of pairs, and a tensor over a storage. */
function reduce(callable: Value, values: Value, bad: Bad): Value {
  if (!(callable instanceof Global) || !(values instanceof Tuple))
    throw bad('the pickle calls something that is no global');
  if (callable.name === orderedDict) {
    const dict = new Map<Value, Value>();
    const [pairs = []] = values.items;
    if (!Array.isArray(pairs)) throw bad(`the pickle calls ${orderedDict} with something that is no list`);
    for (const pair of pairs) {
      const [key, value] = Array.isArray(pair) ? pair : pair instanceof Tuple ? pair.items : [];
      if (key === undefined || value === undefined)
        throw bad(`the pickle calls ${orderedDict} with something that is no list of pairs`);
      dict.set(key, value);
    }
    return dict;
  }
  if (callable.name !== rebuildTensor) throw bad(`the pickle calls ${callable.name}, which is only a type here`);
  const [storage, offset, size, stride] = values.items;
  const shape = size instanceof Tuple ? size.items : undefined;
  const strides = stride instanceof Tuple ? stride.items : undefined;
  if (
    !(storage instanceof Storage) ||
    !isCount(offset) ||
    !shape?.every(isCount) ||
    !strides?.every(isCount) ||
    shape.length !== strides.length
  )
    throw bad('the pickle describes a tensor without a storage, offset, shape or strides');
  const { key, format, elements } = storage;
  return new Tensor({ storage: key, format, storageElements: elements, offset, shape, strides });
}
