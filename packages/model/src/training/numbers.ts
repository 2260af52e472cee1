// Rows of numbers too long to be one array: they come in pieces, in order, each made when it is asked for.

export interface Numbers extends Iterable<Float32Array> {
  readonly length: number;
  readonly numPieces: number;
  /** Of each piece. */
  readonly lengths: readonly number[];
  piece(index: number): Float32Array;
}

/** Pieces of these lengths; `piece` may be asked for any, at any time. */
export function lazyNumbers(lengths: readonly number[], piece: (index: number) => Float32Array): Numbers {
  return {
    length: lengths.reduce((sum, length) => sum + length, 0),
    numPieces: lengths.length,
    lengths,
    piece,
    [Symbol.iterator]: function* () {
      for (let i = 0; i < lengths.length; i++) yield piece(i);
    },
  };
}

export const numbersOf = (pieces: readonly Float32Array[]): Numbers =>
  lazyNumbers(
    pieces.map(({ length }) => length),
    (i) => pieces[i]!,
  );

/** Numbers first .. end - 1: parts of the pieces, each made when it is asked for. */
export function between(numbers: Numbers, first: number, end: number): Numbers {
  let at = 0;
  const parts = numbers.lengths.flatMap((length, i) => {
    const part = { i, first: Math.max(first - at, 0), end: Math.min(end - at, length) };
    at += length;
    return part.first < part.end ? [part] : [];
  });
  return lazyNumbers(
    parts.map((part) => part.end - part.first),
    (p) => numbers.piece(parts[p]!.i).subarray(parts[p]!.first, parts[p]!.end),
  );
}

/** One after the other. */
export function joinedNumbers(all: readonly Numbers[]): Numbers {
  const pieces = all.flatMap((numbers) => numbers.lengths.map((length, i) => ({ numbers, length, i })));
  return lazyNumbers(
    pieces.map(({ length }) => length),
    (p) => pieces[p]!.numbers.piece(pieces[p]!.i),
  );
}

const partNumbers = 2 ** 24;

/** `length` numbers in pieces of at most 64 MiB; `read` gives numbers first .. end - 1. */
export function partsOf(length: number, read: (first: number, end: number) => Float32Array): Numbers {
  const endOf = (i: number): number => Math.min((i + 1) * partNumbers, length);
  const lengths = Array.from({ length: Math.ceil(length / partNumbers) }, (_, i) => endOf(i) - i * partNumbers);
  return lazyNumbers(lengths, (i) => read(i * partNumbers, endOf(i)));
}

/**
 * The numbers in pieces of these lengths: where they can be, parts of the pieces that come.
 * @throws Error where there are fewer numbers
 */
export function* cut(numbers: Iterable<Float32Array>, lengths: Iterable<number>): Generator<Float32Array> {
  const pieces = numbers[Symbol.iterator]();
  let rest: Float32Array = new Float32Array(0);
  const next = (): void => {
    const piece = pieces.next();
    if (piece.done === true) throw new Error('fewer numbers came than were expected');
    rest = piece.value;
  };
  for (const length of lengths) {
    while (rest.length === 0 && length > 0) next();
    if (rest.length >= length) {
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
      continue;
    }
    const piece = new Float32Array(length);
    for (let at = 0; at < length;) {
      while (rest.length === 0) next();
      const part = rest.subarray(0, length - at);
      piece.set(part, at);
      at += part.length;
      rest = rest.subarray(part.length);
    }
    yield piece;
  }
}
