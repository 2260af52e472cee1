// Records the kernels tfjs-node would execute into a graph. The traced function runs once, on stand-ins that have shapes and
// no values (stand-ins.ts); every kernel call passes through the back end's executeSingleOutput or executeMultipleOutputs
// (measured: no kernel escapes). Tensors the trace did not make become constants, so whatever must vary has to be an input
// or a variable.
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { AttrValue, GraphBuilder, GraphType } from './graph.ts';
import type { Engine } from './load.ts';
import { outputsOf } from './output-shapes.ts';
import { createStandIns } from './stand-ins.ts';

export interface Recording {
  /** A tensor of the trace that is the output `ref` of a node of the graph. */
  input(shape: readonly number[], dtype: 'float32' | 'int32', ref: string): Tensor;
  /** The node output that computes `tensor`; a constant where the trace did not make it. */
  ref(tensor: TensorInfo): string;
}

interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/**
 * Runs `body` while every kernel call is added to `graph`. Not re-entrant; the back end is restored in any case. What
 * `shapesOf` does not know is executed on zeros to see what it returns.
 */
export function record<T>(
  engine: Engine,
  graph: GraphBuilder,
  body: (recording: Recording) => T,
  shapesOf: typeof outputsOf = outputsOf,
): T {
  const backend = engine.node;
  const { binding } = backend;
  const standIns = createStandIns(engine);
  const refs = new Map<object, string>();
  const scalars = new Map<string, string>();
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

  const { executeSingleOutput: single, executeMultipleOutputs: multiple, readSync } = backend;
  const call = (
    op: string,
    attrs: readonly OpAttr[],
    inputs: Tensor[],
    numOutputs: number,
    execute: () => Tensor[],
  ): Tensor[] => {
    inputs.forEach(ref);
    const known = shapesOf({
      ...{ op, inputs, numOutputs },
      attr: (name) => attrs.find((attr) => attr.name === name)?.value,
      values: (i) => Array.from(backend.readSync(inputs[i]!.dataId) as ArrayLike<number>),
    });
    const outputs = known?.map(({ shape, dtype }) => standIns.make(shape, dtype)) ?? standIns.execute(inputs, execute);
    add(op, attrs, inputs, outputs);
    return outputs;
  };
  backend.executeSingleOutput = (op: string, attrs: OpAttr[], inputs: Tensor[]): Tensor =>
    call(op, attrs, inputs, 1, () => [single.call(backend, op, attrs, inputs) as Tensor])[0]!;
  backend.executeMultipleOutputs = (op: string, attrs: OpAttr[], inputs: Tensor[], numOutputs: number): Tensor[] =>
    call(op, attrs, inputs, numOutputs, () => multiple.call(backend, op, attrs, inputs, numOutputs) as Tensor[]);
  backend.readSync = (dataId: object): unknown => standIns.zeros(dataId) ?? readSync.call(backend, dataId);
  try {
    return body({
      ref,
      input: (shape, dtype, name) => {
        const tensor = standIns.make(shape, dtype);
        bind(tensor, name);
        return tensor;
      },
    });
  } finally {
    Object.assign(backend, { executeSingleOutput: single, executeMultipleOutputs: multiple, readSync });
  }
}
