// Records the kernels tfjs-node would execute into a graph. The traced function runs once, on stand-ins that have shapes and
// no values (stand-ins.ts); every kernel call passes through the back end's executeSingleOutput or executeMultipleOutputs
// (measured: no kernel escapes). Tensors the trace did not make become constants, so whatever must vary has to be an input
// or a variable.
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { AttrValue, GraphBuilder, GraphType } from './graph.ts';
import { createHalves } from './halves.ts';
import type { Engine } from '../load.ts';
import { outputsOf } from './output-shapes.ts';
import { createStandIns } from '../stand-ins.ts';

export interface Recording {
  /** A tensor of the trace that is the output `ref` of a node of the graph. */
  input(shape: readonly number[], dtype: 'float32' | 'int32', ref: string): Tensor;
  /** A float32 tensor whose node output has bfloat16 numbers. */
  half(shape: readonly number[], ref: string): Tensor;
  /** The node output that computes `tensor`; a constant where the trace did not make it. */
  ref(tensor: TensorInfo): string;
}

interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Numbers that matrix products of a compiled graph multiply; everything else is float32. */
export type Precision = 'fp32' | 'bf16';

let recordOpaque: ((x: Tensor, first?: Tensor) => Tensor) | undefined;

/**
 * x itself; in a compiled graph a node that waits for `first` and that the graph optimizer does not take for x. What is
 * computed from it is computed then, not taken over from where it was computed from x.
 */
export function computedAfter(x: Tensor, first: Tensor): Tensor {
  return recordOpaque === undefined ? x : recordOpaque(x, first);
}

/** x itself; in a compiled graph it is not fused with what is computed from it. */
export function unfused(x: Tensor): Tensor {
  return recordOpaque === undefined ? x : recordOpaque(x);
}

let recordNode: typeof graphOperation | undefined;
let isFusing = false;

/** Whether an operation of install/kernels may be recorded now: it has no eager form. */
export const hasFusedOperations = (): boolean => isFusing;

/**
 * The outputs, of these shapes, of an operation that tfjs does not have: of install/kernels (ops.cc says what each reads and
 * returns), or of TensorFlow. The trace takes them for float32. In compiled graphs alone.
 */
export function graphOperation(
  op: string,
  inputs: readonly Tensor[],
  attrs: Readonly<Record<string, AttrValue>>,
  shapes: readonly (readonly number[])[],
): Tensor[] {
  return recordNode!(op, inputs, attrs, shapes);
}

/**
 * Runs `body` while every kernel call is added to `graph`. Not re-entrant; the back end is restored in any case. What
 * `shapesOf` does not know is executed on zeros to see what it returns.
 */
export function record<T>(
  engine: Engine,
  graph: GraphBuilder,
  body: (recording: Recording) => T,
  { precision = 'fp32', shapesOf = outputsOf }: { precision?: Precision; shapesOf?: typeof outputsOf } = {},
): T {
  const backend = engine.node;
  const { binding } = backend;
  const standIns = createStandIns(engine);
  const refs = new Map<object, string>();
  const halves = createHalves(graph);
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
    const known = refs.get(tensor.dataId) ?? halves.widened(tensor);
    if (known !== undefined) return known;
    const name = constant(tensor);
    refs.set(tensor.dataId, name);
    return name;
  };
  const bind = (tensor: TensorInfo, name: string): void => void refs.set(tensor.dataId, name);
  /** As inputs of one operation. */
  const refsOf = (inputs: readonly TensorInfo[]): string[] => {
    const computed = inputs.find((input) => input.dtype === 'float32' && !halves.has(input));
    return inputs.map((input) => halves.widened(input, computed && ref(computed)) ?? ref(input));
  };

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

  const rounded = new Map<string, string>();
  /** A float32 output rounded to bfloat16: once, so that weights have one copy and of activations both need not be kept. */
  const toBfloat16 = (name: string): string => {
    let cast = rounded.get(name);
    if (cast === undefined) {
      cast = graph.node('Cast', [name], { SrcT: { type: 'float32' }, DstT: { type: 'bfloat16' } });
      rounded.set(name, cast);
    }
    return cast;
  };
  /** A product of bfloat16 numbers, summed in float32, rounded to bfloat16 by TensorFlow and then float32 again. */
  const productInBfloat16 = (inputs: readonly TensorInfo[], attrs: Readonly<Record<string, AttrValue>>): string => {
    const factors = inputs.map((input) => halves.get(input) ?? toBfloat16(ref(input)));
    const product = graph.node('BatchMatMulV2', factors, { ...attrs, T: { type: 'bfloat16' } });
    return graph.node('Cast', [product], { SrcT: { type: 'bfloat16' }, DstT: { type: 'float32' } });
  };

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
      if (halves.has(x)) halves.bind(y, halves.get(x)!);
      else bind(y, ref(x));
      return;
    }
    const all: Record<string, AttrValue> = Object.fromEntries(attrs.map((attr) => [attr.name, attrOf(attr)]));
    if (x !== undefined && y !== undefined && halves.has(x)) {
      const rest = inputs.slice(1).map(ref);
      if (halves.reshape(op, x, y, rest, all)) return;
      const rows = halves.gather(op, x, rest, all);
      if (rows !== null) return bind(y, rows);
    }
    // Eager TensorFlow infers these two, a graph needs them.
    if (op === 'ExpandDims') Object.assign(all, { T: { type: graphType(x!.dtype) }, Tdim: { type: 'int32' } });
    const isProduct = op === 'BatchMatMulV2' && x!.dtype === 'float32';
    const name =
      precision === 'bf16' && isProduct ? productInBfloat16(inputs, all) : graph.node(op, refsOf(inputs), all);
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
    for (const input of inputs) if (!halves.has(input)) ref(input);
    const known = shapesOf({
      op,
      inputs,
      numOutputs,
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
  recordOpaque = (x, first) => {
    const before = first === undefined ? [] : [`^${ref(first).split(':')[0]}`];
    // EnsureShape hands its input on. Of Identity and IdentityN (with a control edge, or with both values read) the
    // dependency optimizer makes nothing, and then finds everything computed already (seen in its dumps, TensorFlow 2.20).
    const attrs = { T: { type: graphType(x.dtype) }, shape: { shape: x.shape } };
    const y = standIns.make(x.shape, x.dtype);
    bind(y, graph.node('EnsureShape', [ref(x), ...before], attrs));
    return y;
  };
  isFusing = engine.kernels !== undefined && precision === 'fp32';
  recordNode = (op, inputs, attrs, shapes) => {
    const name = graph.node(op, refsOf(inputs), attrs);
    return shapes.map((shape, i) => {
      const output = standIns.make(shape, 'float32');
      bind(output, i === 0 ? name : `${name}:${i}`);
      return output;
    });
  };
  try {
    return body({
      ref,
      input: (shape, dtype, name) => {
        const tensor = standIns.make(shape, dtype);
        bind(tensor, name);
        return tensor;
      },
      half: (shape, name) => {
        const tensor = standIns.make(shape, 'float32');
        halves.bind(tensor, name);
        return tensor;
      },
    });
  } finally {
    recordOpaque = undefined;
    recordNode = undefined;
    isFusing = false;
    Object.assign(backend, { executeSingleOutput: single, executeMultipleOutputs: multiple, readSync });
  }
}
