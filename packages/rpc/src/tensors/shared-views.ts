// What peers of this host have written into shared memory, read where it lies or, without an engine that maps files, copied.
import { closeSync, openSync } from 'node:fs';
import { readInto, type TensorView } from '@calm-orch/core';
import { emptyHead, headBytes, headIn, headOf, isSame } from './shared-head.ts';
import { maxMappedBytes, type FileMemory, type SharedTensor } from './shared-files.ts';

export const copyView = (values: Float32Array): TensorView => ({ values, isCopy: true, isIntact: () => true });

export interface SharedViews {
  /**
   * `into` is filled where files are copied and it has the length. Null: the file is out of reach; false: its owner has
   * written something else meanwhile.
   */
  open(tensor: SharedTensor, sizeBytes: number, into?: Float32Array): TensorView | null | false;
  close(): void;
}

interface Mapped {
  readonly memory: ArrayBuffer;
  usedAt: number;
}

/** A file that was in no use for so many others, and four for each that is mapped, is mapped no longer. */
const idleReads = 16;

export function createSharedViews(memory: FileMemory | undefined): SharedViews {
  const mapped = new Map<string, Mapped>();
  let numReads = 0;
  const forgetIdle = (): void => {
    const patience = idleReads + 4 * mapped.size;
    for (const [path, { memory: idle, usedAt }] of mapped)
      if (numReads - usedAt > patience) {
        mapped.delete(path);
        memory!.unmapFile(idle);
      }
  };
  const mappedOf = (path: string, sizeBytes: number): ArrayBuffer => {
    numReads++;
    const known = mapped.get(path);
    if (known?.memory.byteLength === headBytes + sizeBytes) {
      known.usedAt = numReads;
      return known.memory;
    }
    forgetIdle();
    const buffer = opened(path, (descriptor) => memory!.mapFile(descriptor, headBytes + sizeBytes, false));
    mapped.set(path, { memory: buffer, usedAt: numReads });
    return buffer;
  };
  return {
    open: ({ path, sequence }, sizeBytes, into) => {
      const wanted = headOf(sequence, sizeBytes);
      try {
        if (memory === undefined || sizeBytes > maxMappedBytes)
          return opened(path, (descriptor) => copyOf(descriptor, wanted, sizeBytes, into));
        const buffer = mappedOf(path, sizeBytes);
        const head = headIn(buffer);
        const values = new Float32Array(buffer, headBytes, sizeBytes / 4);
        return isSame(head, wanted) && { values, isCopy: false, isIntact: () => isSame(head, wanted) };
      } catch {
        return null;
      }
    },
    close: () => {
      for (const { memory: buffer } of mapped.values()) memory!.unmapFile(buffer);
      mapped.clear();
    },
  };
}

function copyOf(descriptor: number, wanted: Int32Array, sizeBytes: number, into?: Float32Array): TensorView | false {
  const values = into?.byteLength === sizeBytes ? into : new Float32Array(sizeBytes / 4);
  const isHeld = (): boolean => {
    const head = emptyHead();
    return readInto(descriptor, head) === headBytes && isSame(head, wanted);
  };
  const isCopied = isHeld() && readInto(descriptor, values, headBytes) === sizeBytes && isHeld();
  return isCopied && copyView(values);
}

function opened<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
