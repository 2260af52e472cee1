// Which shards of a step a member of a gang computes, and how partial sums become the sum of all. A member has a
// contiguous range; it is cut into aligned blocks (first a multiple of size, size a power of two), which are whole
// subtrees of the fixed binary tree over shards: a block summed anywhere is a node of that tree, to the bit.
import { CalmError } from '@calm-orch/core';
import { sumTree, type Values } from '@calm-orch/engine';

/** Shards first .. first + size - 1, a subtree of the tree. */
export interface Block {
  readonly first: number;
  readonly size: number;
}

export interface BlockSum extends Block {
  readonly sum: Float32Array;
}

/** The fewest aligned blocks that make up [first, end), in order. */
export function alignedBlocks(first: number, end: number): Block[] {
  const blocks: Block[] = [];
  for (let at = first; at < end;) {
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size <= end) size *= 2;
    blocks.push({ first: at, size });
    at += size;
  }
  return blocks;
}

/** A block as blocks of at most `size` shards, in order. */
export function halves(block: Block, size: number): Block[] {
  if (block.size <= size) return [block];
  const half = block.size / 2;
  return [
    ...halves({ first: block.first, size: half }, size),
    ...halves({ first: block.first + half, size: half }, size),
  ];
}

/** Blocks as blocks of these sizes, by halving; null where a block is smaller than all of them. */
export function callsOf(blocks: readonly Block[], sizes: readonly number[]): Block[] | null {
  const calls = blocks.map((block) => {
    const fitting = sizes.filter((size) => size <= block.size);
    return fitting.length === 0 ? null : halves(block, Math.max(...fitting));
  });
  return calls.includes(null) ? null : calls.flatMap((call) => call!);
}

/** Shards first .. end - 1 of inputs that hold `numShards`; their first dimension is the batch, shard-major. */
export function shardsOf(
  inputs: Readonly<Record<string, Values>>,
  first: number,
  end: number,
  numShards: number,
): Record<string, Values> {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, values]) => {
      const size = values.length / numShards;
      return [key, values.subarray(first * size, end * size)];
    }),
  );
}

/**
 * How often the two newest sums are added after each of these blocks, in order, for all to become that of `whole`:
 * neighbours as soon as both halves of a subtree are there.
 * @throws CalmError `internal` unless the blocks cover the whole exactly once.
 */
export function additionsOf(blocks: readonly Block[], whole: Block): Uint8Array {
  const sums: Block[] = [];
  const additions = blocks.map((block) => {
    let count = 0;
    let sum = block;
    for (let left = sums.at(-1); left !== undefined && areHalves(left, sum); left = sums.at(-1), count++)
      sum = { first: sums.pop()!.first, size: 2 * left.size };
    sums.push(sum);
    return count;
  });
  const [sum, ...others] = sums;
  if (sum?.first !== whole.first || sum.size !== whole.size || others.length > 0)
    throw new CalmError(
      'internal',
      `gang: shards ${whole.first} to ${whole.first + whole.size - 1} were not summed once`,
    );
  return Uint8Array.from(additions);
}

const areHalves = (left: Block, right: Block): boolean =>
  left.size === right.size && left.first + left.size === right.first && left.first % (2 * left.size) === 0;

/**
 * The sum over a block of the sums of blocks within it, in order, in the memory of `into`: which may be that of one of them.
 * @throws CalmError `internal` unless these cover the block exactly once.
 */
export function sumBlocks(parts: readonly BlockSum[], whole: Block, into: Float32Array): Float32Array {
  const additions = additionsOf(parts, whole);
  if (parts.length === 1 && parts[0]!.sum === into) return into;
  sumTree(
    into,
    parts.map(({ sum }) => sum),
    additions,
  );
  return into;
}
