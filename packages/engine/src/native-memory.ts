// Shared memory and sums in it, by the addon of ../install/memory where the engine has one.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defaultCacheDir, findEngine } from './layout.ts';

export interface NativeMemory {
  /**
   * An open file as memory, as many bytes as are asked for. One's own file gets its pages first, and may be written;
   * another's is never written. @throws Error with `code` (`ENOSPC`, ...)
   */
  mapFile(descriptor: number, bytes: number, isOwn: boolean): ArrayBuffer;
  /** The buffer is empty afterwards. */
  unmapFile(buffer: ArrayBuffer): void;
  sumTree: typeof sumTree;
}

const found = new Map<string, unknown>();

/** An addon of ../install by its name; undefined where the engine was not compiled here; looked for once. */
export function nativeAddon(name: string, cacheDir = defaultCacheDir()): unknown {
  if (!found.has(name)) found.set(name, load(name, cacheDir));
  return found.get(name);
}

export const nativeMemory = (cacheDir?: string): NativeMemory | undefined =>
  nativeAddon('calm_memory', cacheDir) as NativeMemory | undefined;

function load(name: string, cacheDir: string): unknown {
  const engine = findEngine(cacheDir);
  if (engine === undefined) return undefined;
  const { dir, marker } = engine;
  const path = join(dir, 'node_modules', ...marker.package.split('/'), 'lib', 'napi-v8', `${name}.node`);
  return existsSync(path) ? createRequire(path)(path) : undefined;
}

/** Of a sum in JavaScript. */
const pieceNumbers = 4096;

/**
 * Operands are put on a stack one after the other; after number k the two on top are added `adds[k]` times. `sum` gets what
 * is left, and may be one of the operands; all have its length.
 */
export function sumTree(sum: Float32Array, operands: readonly Float32Array[], adds: Uint8Array): void {
  const native = nativeMemory();
  if (native !== undefined) native.sumTree(sum, operands, adds);
  else plainSumTree(sum, operands, adds);
}

/** The same bits, without the addon. */
export function plainSumTree(sum: Float32Array, operands: readonly Float32Array[], adds: Uint8Array): void {
  const pieces = operands.map(() => new Float32Array(pieceNumbers));
  for (let at = 0; at < sum.length; at += pieceNumbers) {
    const end = Math.min(at + pieceNumbers, sum.length);
    const stack: Float32Array[] = [];
    operands.forEach((operand, k) => {
      stack.push(operand.subarray(at, end));
      for (let i = 0; i < adds[k]!; i++) {
        const right = stack.pop()!;
        const left = stack.pop()!;
        const target = pieces[stack.length]!;
        for (let j = 0; j < right.length; j++) target[j] = left[j]! + right[j]!;
        stack.push(target.subarray(0, right.length));
      }
    });
    sum.set(stack[0]!, at);
  }
}
