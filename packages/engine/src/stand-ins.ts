// Tensors of tfjs-node with a shape, a type and no values: what a trace computes with. One costs a JavaScript object.
import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import type { Engine } from './load.ts';

/** tfjs-node's entry of a tensor: `values` until they are given to TensorFlow, then its handle `id`; a stand-in has neither. */
interface Entry {
  readonly shape: readonly number[];
  readonly dtype: number;
  values: ArrayLike<number> | null;
  id: number;
  refCount: number;
}

export interface StandIns {
  make(shape: readonly number[], dtype: DataType): Tensor;
  /**
   * Zeros for a stand-in of integers, undefined for a tensor with values: tfjs-node's gather looks at its indices.
   * @throws CalmError `internal` for a stand-in of another type
   */
  zeros(dataId: object): Int32Array | undefined;
  /** Runs an operation with zeros in the place of stand-ins among its inputs; what it returns becomes stand-ins. */
  execute(inputs: readonly Tensor[], operation: () => Tensor[]): Tensor[];
}

/** What this file uses of tfjs-node's back end. */
interface NodeBackend {
  readonly tensorMap: { get(dataId: object): Entry; set(dataId: object, entry: Entry): void };
  readonly binding: { readonly TF_FLOAT: number; readonly TF_INT32: number; deleteTensor(id: number): void };
  getDTypeInteger(dtype: DataType): number;
}

export function createStandIns({ tf, node }: Engine): StandIns {
  const backend = node as NodeBackend;
  const entry = (dataId: object): Entry => backend.tensorMap.get(dataId);
  const isStandIn = ({ values, id }: Entry): boolean => values === null && id < 0;
  const size = ({ shape }: Entry): number => shape.reduce((a, b) => a * b, 1);
  const forget = (of: Entry): void => {
    if (of.id >= 0) backend.binding.deleteTensor(of.id);
    of.id = -1;
    of.values = null;
  };
  const zerosOf = (of: Entry): Float32Array | Int32Array | Uint8Array => {
    const { TF_FLOAT, TF_INT32 } = backend.binding;
    const ArrayType = of.dtype === TF_FLOAT ? Float32Array : of.dtype === TF_INT32 ? Int32Array : Uint8Array;
    return new ArrayType(size(of));
  };
  return {
    make: (shape, dtype) => {
      const dataId = {};
      const made: Entry = {
        shape: [...shape],
        dtype: backend.getDTypeInteger(dtype),
        values: null,
        id: -1,
        refCount: 1,
      };
      backend.tensorMap.set(dataId, made);
      return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
    },
    zeros: (dataId) => {
      const found = entry(dataId);
      if (!isStandIn(found)) return undefined;
      if (found.dtype === backend.binding.TF_INT32) return new Int32Array(size(found));
      throw new CalmError(
        'internal',
        `a traced function reads the values of a tensor (${found.shape.join('x')}) that it computes`,
      );
    },
    execute: (inputs, operation) => {
      const replaced = new Set(inputs.map(({ dataId }) => entry(dataId)).filter(isStandIn));
      for (const input of replaced) input.values = zerosOf(input);
      try {
        const outputs = operation();
        outputs.forEach(({ dataId }) => forget(entry(dataId)));
        return outputs;
      } finally {
        replaced.forEach(forget);
      }
    },
  };
}
