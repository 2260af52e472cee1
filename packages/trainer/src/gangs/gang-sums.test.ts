// Sums of gradients in many buckets, between members of one process that have tensors and no model.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rng, shardRange } from '@calm-orch/core';
import { nativeMemory } from '@calm-orch/engine';
import { alignedBlocks, type BlockSum } from '@calm-orch/model';
import { createComputeGang, openTensorPlane, tokenAccess, type ComputeGang, type TensorPlane } from '@calm-orch/rpc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExchange, type FromPeers } from './gang-exchange.ts';
import { exchangeSums } from './gang-sums.ts';

const numShards = 8;
/** Some come with the answer, others through shared memory. */
const bucketSizes = [5, 9000, 20_001, 7, 9000];

let dir: string;
const planes: TensorPlane[] = [];
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-sums-'))));
afterEach(() => {
  planes.splice(0).forEach((plane) => plane.close());
  rmSync(dir, { recursive: true, force: true });
});

type How = 'maps' | 'reads' | 'streams';

async function gangOf(hows: readonly How[]): Promise<ComputeGang[]> {
  const gangs = await Promise.all(
    hows.map(async (how, i) => {
      const plane = await openTensorPlane({
        address: `unix:${join(dir, `m${i}`)}`,
        access: tokenAccess('t'),
        memory: how === 'maps' ? nativeMemory() : undefined,
        sharedMemory: how === 'streams' ? null : dir,
      });
      planes.push(plane);
      const gang = createComputeGang({ plane: () => Promise.resolve(plane), stageKey: 'sums', onReady: () => {} });
      return { plane, gang };
    }),
  );
  const members = gangs.map(({ plane }) => plane.address);
  gangs.forEach(({ gang }, rank) => gang.update({ generation: 1, rank, members }));
  return Promise.all(
    gangs.map(async ({ gang }) => {
      await gang.join(new AbortController().signal);
      return gang;
    }),
  );
}

/** The sum over a block of shards, in the tree: of numbers that are rounded at every addition. */
function sumOver(step: number, bucket: number, first: number, size: number): Float32Array {
  if (size > 1) {
    const [left, right] = [first, first + size / 2].map((at) => sumOver(step, bucket, at, size / 2));
    return left!.map((value, i) => value + right![i]!);
  }
  const draw = rng('sums', step, bucket, first);
  return Float32Array.from({ length: bucketSizes[bucket]! }, () => draw.normal());
}

function sumsOf(step: number, rank: number, numMembers: number): BlockSum[][] {
  const { first, end } = shardRange(numShards, numMembers, rank);
  const blocks = alignedBlocks(first, end);
  return bucketSizes.map((_, b) =>
    blocks.map((block) => ({ ...block, sum: sumOver(step, b, block.first, block.size) })),
  );
}

/** Steps of all members at once; what each has after the last. */
const steps = (gangs: readonly ComputeGang[], numSteps: number) =>
  Promise.all(
    gangs.map(async (gang, rank) => {
      const { signal } = new AbortController();
      const exchange = createExchange(gang);
      const heads = gangs.map((_, r) => r + 1);
      const got: { readonly heads: FromPeers; readonly sums: Float32Array[] }[] = [];
      for (let step = 0; step < numSteps; step++) {
        const options = { gang, exchange, roster: gang.roster, numShards, signal };
        const head = new Float32Array(rank + 1).fill(10 * step + rank);
        const all = await exchangeSums(options, `1/${step}`, head, sumsOf(step, rank, gangs.length), heads);
        got.push({ heads: all.heads, sums: all.sums.map((sum) => sum.slice()) });
        gang.retire((name) => name.startsWith(`1/${step}/`));
      }
      return got.at(-1)!;
    }),
  );

describe('the sums of a gang', () => {
  it.each<[string, How[]]>([
    ['map files', ['maps', 'maps']],
    ['read files', ['reads', 'reads', 'reads']],
    ['stream', ['streams', 'streams']],
    ['do each something else', ['maps', 'reads', 'streams', 'maps', 'reads']],
  ])('are those of the tree, in every bucket, where members %s', async (_, hows) => {
    const all = await steps(await gangOf(hows), 4);
    const expected = bucketSizes.map((_, b) => sumOver(3, b, 0, numShards));
    for (const [rank, { sums, heads }] of all.entries()) {
      expect(sums).toEqual(expected);
      expect([...heads.keys()].sort()).toEqual([...hows.keys()].filter((r) => r !== rank));
      for (const [r, head] of heads) expect(head).toEqual(new Float32Array(r + 1).fill(30 + r));
    }
  });

  it.skipIf(nativeMemory() === undefined)('are refused where a peer has written over them meanwhile', async () => {
    const [one, other] = (await gangOf(['maps', 'maps'])) as [ComputeGang, ComputeGang];
    const { signal } = new AbortController();
    const hasty: ComputeGang = {
      ...one,
      view: async (...what) => {
        const view = await one.view(...what);
        // Its roster has ended, and it uses the file for something else.
        if (what[1] === '1/9/1') {
          other.retire(() => false);
          other.publish('1/10/1', new Float32Array(bucketSizes[1]!));
        }
        return view;
      },
    };
    const exchanges = [hasty, other].map((gang, rank) => {
      const options = { gang, exchange: createExchange(gang), roster: one.roster, numShards, signal };
      const roster = { ...one.roster, rank };
      return exchangeSums({ ...options, roster }, '1/9', Float32Array.of(rank), sumsOf(9, rank, 2), [1, 1]);
    });
    exchanges[1]!.catch(() => {});
    await expect(exchanges[0]).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('written over') });
  });
});
