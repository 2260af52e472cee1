// Kernels that tfjs's WebAssembly back end lacks and the model needs, in JavaScript.
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { Tf } from './load.ts';

/** What this file uses of the WebAssembly back end; a view of its heap is valid until the heap grows. */
interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
}

/** Registers them for the back end `wasm`; once a process. */
export function registerWasmKernels(tf: Tf): void {
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as { x: Tensor; segmentIds: Tensor };
      return segmentSum(backend as unknown as WasmBackend, x, segmentIds, attrs!.numSegments as number);
    },
  });
}

/** Rows of `x` [N, ...] added into those of the result [numSegments, ...] that `ids` [N] name, in their order; negative ids add nothing. */
function segmentSum(backend: WasmBackend, x: TensorInfo, ids: TensorInfo, numSegments: number): TensorInfo {
  const rowShape = x.shape.slice(1);
  const output = backend.makeOutput([numSegments, ...rowShape], 'float32');
  const sums = backend.typedArrayFromHeap(output).fill(0);
  const rows = backend.typedArrayFromHeap(x);
  const width = rowShape.reduce((a, b) => a * b, 1);
  backend.typedArrayFromHeap(ids).forEach((segment, row) => {
    if (segment < 0) return;
    for (let i = 0; i < width; i++) sums[segment * width + i]! += rows[row * width + i]!;
  });
  return output;
}
