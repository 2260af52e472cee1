// The head of a file in shared memory, before its numbers: which of all that its owner has written it holds. The owner
// takes that away before it writes and puts it back afterwards; whoever reads looks before and after (as a seqlock does). So
// nobody takes what is being written, or was written over, for what it asked for.

/** What lies behind it begins at a cache line: TensorFlow takes it as it lies. */
export const headBytes = 64;

const mark = 0x6d6c6163;
const words = headBytes / 4;
/** Of the words. */
const sequenceAt = 1;

/** What a whole tensor has: its number among all its owner has written, from 1 on, and its size. */
export function headOf(sequence: number, sizeBytes: number): Int32Array {
  const head = new Int32Array(words);
  head.set([mark, sequence, (sizeBytes % 2 ** 32) | 0, Math.floor(sizeBytes / 2 ** 32)]);
  return head;
}

export const headIn = (memory: ArrayBuffer): Int32Array => new Int32Array(memory, 0, words);
export const emptyHead = (): Int32Array => new Int32Array(words);

/** Writes numbers between taking the head away and putting it back; no other order of these is ever seen. */
export function fill(head: Int32Array, next: Int32Array, write: () => void): void {
  Atomics.store(head, sequenceAt, 0);
  write();
  next.forEach((word, i) => void (i !== sequenceAt && Atomics.store(head, i, word)));
  Atomics.store(head, sequenceAt, next[sequenceAt]!);
}

export const isSame = (head: Int32Array, wanted: Int32Array): boolean =>
  wanted.every((word, i) => Atomics.load(head, i) === word);
