// Which shards of a step a member of a gang computes, and how partial sums become the sum of all. A member has a
// contiguous range; it is cut into aligned blocks (first a multiple of size, size a power of two), which are whole
// subtrees of the fixed binary tree over shards: a block summed anywhere is a node of that tree, to the bit.
import { CalmError } from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';

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
 * The sum over a block of sums of blocks within it: neighbours are added as soon as both halves of a subtree are there.
 * @throws CalmError `internal` where a shard is missing.
 */
export function sumWithin<T>(
  parts: readonly (Block & { readonly sum: T })[],
  block: Block,
  add: (left: T, right: T) => T,
): T {
  const byFirst = new Map(parts.map((part) => [part.first, part]));
  const sumOf = (first: number, size: number): T => {
    const found = byFirst.get(first);
    if (found?.size === size) return found.sum;
    if (size === 1) throw new CalmError('internal', `gang: nobody computed shard ${first}`);
    return add(sumOf(first, size / 2), sumOf(first + size / 2, size / 2));
  };
  return sumOf(block.first, block.size);
}

/** `sumWithin` of vectors; may overwrite the sums it is given. */
export function sumBlocks(parts: readonly BlockSum[], block: Block): BlockSum {
  const sum = sumWithin(parts, block, (left, right) => {
    for (let i = 0; i < left.length; i++) left[i]! += right[i]!;
    return left;
  });
  return { ...block, sum };
}

/**
 * The sum over all shards of a step; may overwrite the sums it is given.
 * @throws CalmError `internal` unless the blocks cover all shards exactly once.
 */
export function combineBlocks(blocks: readonly BlockSum[], numShards: number): Float32Array {
  const covered = blocks.reduce((sum, { size }) => sum + size, 0);
  if (covered !== numShards)
    throw new CalmError('internal', `gang: ${covered} shards were summed, a step has ${numShards}`);
  return sumBlocks(blocks, { first: 0, size: numShards }).sum;
}
