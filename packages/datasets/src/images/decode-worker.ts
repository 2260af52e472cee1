// A thread that decodes photographs, one after the other, while TensorFlow blocks the main one.
import { parentPort } from 'node:worker_threads';
import { toCalmError } from '@calm-orch/core';
import { photoPixels, type PixelsOf } from './photo-pixels.ts';

/** What the thread answers a `PixelsOf` with. */
export type Decoded =
  | { readonly pixels: Float32Array }
  | { readonly error: Pick<ReturnType<typeof toCalmError>, 'code' | 'message' | 'data'> };

parentPort!.on('message', (wanted: PixelsOf) => {
  photoPixels(wanted).then(
    (pixels) => parentPort!.postMessage({ pixels } satisfies Decoded, [pixels.buffer as ArrayBuffer]),
    (cause: unknown) => {
      const { code, message, data } = toCalmError(cause);
      parentPort!.postMessage({ error: { code, message, data } } satisfies Decoded);
    },
  );
});
