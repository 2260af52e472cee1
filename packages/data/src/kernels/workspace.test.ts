import { expect, it } from 'vitest';
import { kernelSourceHash } from './source-hash.ts';
import { sourceHash } from './generated/wasm.ts';

it('the compiled kernels are those of the sources (`npm run gen:kernels` compiles them)', () => {
  expect(kernelSourceHash()).toBe(sourceHash);
});
