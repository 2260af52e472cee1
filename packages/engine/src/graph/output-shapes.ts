// Shapes and types of what TensorFlow's operations return, from those of their inputs: a trace needs no values (trace.ts).
// Only operations that models chain are here; for every other the trace asks the operation itself, on zeros.
import type { DataType } from '@tensorflow/tfjs-core';
import { dataTypes } from './graph.ts';

export interface Described {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

export interface Call {
  readonly op: string;
  readonly inputs: readonly Described[];
  readonly numOutputs: number;
  /** Value of an attribute. */
  attr(name: string): unknown;
  /** Values of an input that the trace did not compute: axes, sizes, permutations. */
  values(input: number): readonly number[];
}

const elementwise = new Set(
  [
    'Abs',
    'Neg',
    'Exp',
    'Log',
    'Sqrt',
    'Rsqrt',
    'Square',
    'Sigmoid',
    'Erf',
    'Relu',
    'Sin',
    'Cos',
    'Tanh',
    'Softmax',
  ].concat(['LogSoftmax', 'ZerosLike', 'OnesLike', 'Identity']),
);
const binary = new Set([
  'Add',
  'AddV2',
  'Sub',
  'Mul',
  'Div',
  'RealDiv',
  'Maximum',
  'Minimum',
  'SquaredDifference',
  'Pow',
]);
const comparisons = new Set(['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd']);
const reductions = new Set(['Sum', 'Mean', 'Max', 'Min', 'Prod']);

/** What `call` returns; undefined where this file does not know the operation. */
export function outputsOf(call: Call): readonly Described[] | undefined {
  const [x, y] = call.inputs as [Described, Described];
  const { op, attr, values } = call;
  const one = (shape: readonly number[], dtype = x.dtype): Described[] => [{ shape, dtype }];
  if (elementwise.has(op)) return one(x.shape);
  if (binary.has(op)) return one(broadcast(x.shape, y.shape));
  if (comparisons.has(op)) return one(broadcast(x.shape, y.shape), 'bool');
  if (reductions.has(op)) return one(reduced(x.shape, values(1), attr('keep_dims') === true));
  switch (op) {
    case 'Cast': {
      const dtype = (['float32', 'int32', 'bool'] as const).find((type) => dataTypes[type] === attr('DstT'));
      return dtype && one(x.shape, dtype);
    }
    case 'Reshape':
      return one(reshaped(x.shape, values(1)));
    case 'Transpose':
      return one(values(1).map((axis) => x.shape[axis]!));
    case 'ExpandDims': {
      const at = fromEnd(values(1)[0]!, x.shape.length + 1);
      return one([...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
    }
    case 'Slice': {
      const [begin, size] = [values(1), values(2)];
      return one(size.map((n, i) => (n < 0 ? x.shape[i]! - begin[i]! : n)));
    }
    case 'PadV2': {
      const paddings = values(1);
      return one(x.shape.map((n, i) => n + paddings[2 * i]! + paddings[2 * i + 1]!));
    }
    case 'Tile':
      return one(x.shape.map((n, i) => n * values(1)[i]!));
    case 'ConcatV2': {
      const parts = call.inputs.slice(0, -1);
      const axis = fromEnd(values(parts.length)[0]!, x.shape.length);
      return one(x.shape.map((n, i) => (i === axis ? parts.reduce((sum, { shape }) => sum + shape[i]!, 0) : n)));
    }
    case 'SplitV': {
      const axis = fromEnd(values(2)[0]!, x.shape.length);
      return values(1).map((size) => ({ shape: x.shape.map((n, i) => (i === axis ? size : n)), dtype: x.dtype }));
    }
    case 'BatchMatMulV2': {
      const [a, b] = [swapped(x.shape, attr('adj_x') === true), swapped(y.shape, attr('adj_y') === true)];
      return one([...broadcast(a.slice(0, -2), b.slice(0, -2)), a.at(-2)!, b.at(-1)!]);
    }
    case 'GatherV2': {
      if (attr('batch_dims') !== 0) return undefined;
      const axis = fromEnd(values(2)[0]!, x.shape.length);
      return one([...x.shape.slice(0, axis), ...y.shape, ...x.shape.slice(axis + 1)]);
    }
    case 'UnsortedSegmentSum':
      return one([values(2)[0]!, ...x.shape.slice(y.shape.length)]);
    case 'OneHot':
      return one([...x.shape, values(1)[0]!], call.inputs[2]!.dtype);
    case 'Fill':
      return one(values(0), y.dtype);
    default:
      return undefined;
  }
}

const fromEnd = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [n, m] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    return n === 1 ? m : n;
  });
}

function reduced(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  const gone = new Set(axes.map((axis) => fromEnd(axis, shape.length)));
  return shape.flatMap((n, i) => (gone.has(i) ? (keepDims ? [1] : []) : [n]));
}

function reshaped(from: readonly number[], to: readonly number[]): number[] {
  const size = from.reduce((a, b) => a * b, 1);
  const known = to.reduce((a, b) => (b < 0 ? a : a * b), 1);
  return to.map((n) => (n < 0 ? size / known : n));
}

const swapped = (shape: readonly number[], swap: boolean): readonly number[] =>
  swap ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
