// Records the kernels tfjs-node executes into a graph. The traced function runs once, eagerly, on example values; every
// kernel call passes through the back end's executeSingleOutput or executeMultipleOutputs (measured: no kernel escapes).
// Tensors the trace did not make become constants, so whatever must vary has to be an input or a variable.
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { AttrValue, GraphBuilder, GraphType } from './graph.ts';
import type { Engine } from './load.ts';

export interface Recording {
  /** Declares that `tensor` is the output `ref` of a node of the graph. */
  bind(tensor: TensorInfo, ref: string): void;
  /** The node output that computes `tensor`; a constant where the trace did not make it. */
  ref(tensor: TensorInfo): string;
}

interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Runs `body` while every kernel call is added to `graph`. Not re-entrant; the back end is restored in any case. */
export function record<T>(engine: Engine, graph: GraphBuilder, body: (recording: Recording) => T): T {
  const backend = engine.node;
  const { binding } = backend;
  const refs = new Map<object, string>();
  const scalars = new Map<string, string>();
  // Data ids must stay unique while the trace runs: keep every bound one alive.
  const graphType = (dtype: string): GraphType => (dtype === 'int32' || dtype === 'bool' ? dtype : 'float32');

  const constant = (tensor: TensorInfo): string => {
    const values = backend.readSync(tensor.dataId) as ArrayLike<number>;
    const type = graphType(tensor.dtype);
    const typed =
      type === 'float32'
        ? Float32Array.from(values)
        : type === 'int32'
          ? Int32Array.from(values)
          : Uint8Array.from(values);
    const bytes = new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
    const key =
      bytes.length <= 64 ? `${type}:${tensor.shape.join('x')}:${Buffer.from(bytes).toString('hex')}` : undefined;
    const known = key === undefined ? undefined : scalars.get(key);
    if (known !== undefined) return known;
    const name = graph.node('Const', [], { dtype: { type }, value: { tensor: { type, shape: tensor.shape, bytes } } });
    if (key !== undefined) scalars.set(key, name);
    return name;
  };
  const ref = (tensor: TensorInfo): string => {
    const known = refs.get(tensor.dataId);
    if (known !== undefined) return known;
    const name = constant(tensor);
    refs.set(tensor.dataId, name);
    return name;
  };
  const bind = (tensor: TensorInfo, name: string): void => void refs.set(tensor.dataId, name);

  const attrOf = (attr: OpAttr): AttrValue => {
    const { value } = attr;
    switch (attr.type) {
      case binding.TF_ATTR_TYPE:
        return {
          type:
            value === binding.TF_FLOAT
              ? 'float32'
              : value === binding.TF_INT32
                ? 'int32'
                : value === binding.TF_BOOL
                  ? 'bool'
                  : 'int64',
        };
      case binding.TF_ATTR_BOOL:
        return { bool: value as boolean };
      case binding.TF_ATTR_FLOAT:
        return { float: value as number };
      case binding.TF_ATTR_STRING:
        return { string: value as string };
      default:
        return Array.isArray(value) ? { ints: value as number[] } : { int: value as number };
    }
  };
  const same = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((n, i) => n === b[i]);

  const add = (
    op: string,
    attrs: readonly OpAttr[],
    inputs: readonly TensorInfo[],
    outputs: readonly Tensor[],
  ): void => {
    const [x] = inputs;
    const [y] = outputs;
    // Copies that change nothing: casts to the same type, reshapes to the same shape.
    if (
      x !== undefined &&
      y !== undefined &&
      (op === 'Cast' || op === 'Reshape') &&
      x.dtype === y.dtype &&
      same(x.shape, y.shape)
    ) {
      bind(y, ref(x));
      return;
    }
    const all: Record<string, AttrValue> = Object.fromEntries(attrs.map((attr) => [attr.name, attrOf(attr)]));
    // Eager TensorFlow infers these two, a graph needs them.
    if (op === 'ExpandDims') Object.assign(all, { T: { type: graphType(x!.dtype) }, Tdim: { type: 'int32' } });
    const name = graph.node(op, inputs.map(ref), all);
    outputs.forEach((output, i) => bind(output, i === 0 ? name : `${name}:${i}`));
  };

  const single = backend.executeSingleOutput;
  const multiple = backend.executeMultipleOutputs;
  backend.executeSingleOutput = (op: string, attrs: OpAttr[], inputs: Tensor[]): Tensor => {
    inputs.forEach(ref);
    const output = single.call(backend, op, attrs, inputs) as Tensor;
    add(op, attrs, inputs, [output]);
    return output;
  };
  backend.executeMultipleOutputs = (op: string, attrs: OpAttr[], inputs: Tensor[], numOutputs: number): Tensor[] => {
    inputs.forEach(ref);
    const outputs = multiple.call(backend, op, attrs, inputs, numOutputs) as Tensor[];
    add(op, attrs, inputs, outputs);
    return outputs;
  };
  try {
    return body({ bind, ref });
  } finally {
    backend.executeSingleOutput = single;
    backend.executeMultipleOutputs = multiple;
  }
}
