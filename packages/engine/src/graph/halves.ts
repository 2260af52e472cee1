// Tensors of a trace whose nodes have bfloat16 numbers: variables kept in half the memory. They are widened as late as can be,
// so that few of them are in memory as float32 at a time.
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AttrValue, GraphBuilder } from './graph.ts';
import { float, half } from './graph-variables.ts';

type Attrs = Readonly<Record<string, AttrValue>>;

export interface Halves {
  bind(tensor: TensorInfo, name: string): void;
  has(tensor: TensorInfo): boolean;
  /** The node output; undefined for others. */
  get(tensor: TensorInfo): string | undefined;
  /** As float32, computed once `after` is; undefined for others. */
  widened(tensor: TensorInfo, after?: string): string | undefined;
  /** Whether `op` only gives x another shape: y is a half then, too. */
  reshape(op: string, x: TensorInfo, y: TensorInfo, rest: readonly string[], attrs: Attrs): boolean;
  /** Rows of x as float32; null where `op` is another. */
  gather(op: string, x: TensorInfo, rest: readonly string[], attrs: Attrs): string | null;
}

/** Operations with one input that has numbers; its type is their attribute T. */
const shapeOnly: ReadonlySet<string> = new Set(['Reshape', 'ExpandDims', 'Squeeze', 'Transpose']);

export function createHalves(graph: GraphBuilder): Halves {
  const names = new Map<object, string>();
  const widen = (name: string, ...control: string[]): string =>
    graph.node('Cast', [name, ...control], { SrcT: half, DstT: float });
  const halves: Halves = {
    bind: ({ dataId }, name) => void names.set(dataId, name),
    has: ({ dataId }) => names.has(dataId),
    get: ({ dataId }) => names.get(dataId),
    widened: ({ dataId }, after) => {
      const name = names.get(dataId);
      if (name === undefined) return undefined;
      return widen(name, ...(after === undefined ? [] : [`^${after.split(':')[0]}`]));
    },
    reshape: (op, x, y, rest, attrs) => {
      if (!shapeOnly.has(op)) return false;
      const tdim: Attrs = op === 'ExpandDims' ? { Tdim: { type: 'int32' } } : {};
      halves.bind(y, graph.node(op, [names.get(x.dataId)!, ...rest], { ...attrs, ...tdim, T: half }));
      return true;
    },
    gather: (op, x, rest, attrs) => {
      if (op !== 'GatherV2') return null;
      return widen(graph.node(op, [names.get(x.dataId)!, ...rest], { ...attrs, Tparams: half }));
    },
  };
  return halves;
}
