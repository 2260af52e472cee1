// One member of the exchange benchmark: a process that has gradients and no model, told by the parent with whom it sums
// them. It exchanges what gang steps do, through the same functions.
import { alignedBlocks } from '@calm-orch/model';
import { shardRange } from '@calm-orch/core';
import { createExchange } from '../packages/trainer/dist/gangs/gang-exchange.js';
import { exchangeSums } from '../packages/trainer/dist/gangs/gang-sums.js';
import { joinGang } from './join-gang.js';

const { address, token, numBuckets, numbersPerBucket, repeats, streamed } = JSON.parse(process.argv[2]);
const numShards = 8;
const { gang, signal } = await joinGang({ address, token, ...(streamed && { sharedMemory: null }) });
const { roster } = gang;
const { rank, members } = roster;
const exchange = createExchange(gang);
const { first, end } = shardRange(numShards, members.length, rank);
const [block] = alignedBlocks(first, end);

const buckets = Array.from({ length: numBuckets }, () => new Float32Array(numbersPerBucket));
const seconds = [];
for (let step = 0; step < repeats; step++) {
  buckets.forEach((bucket, b) => bucket.fill(1 + rank + 10 * b + step));
  gang.publish(`go/${step}`, new Float32Array(1));
  await exchange.pullAll(roster, `go/${step}`, { signal });
  const started = performance.now();
  const name = `${roster.generation}/${step}`;
  const { sums } = await exchangeSums(
    { gang, exchange, roster, numShards, signal },
    name,
    Float32Array.of(rank),
    buckets.map((sum) => [{ ...block, sum }]),
    members.map(() => 1),
  );
  gang.retire((kept) => kept.startsWith(`${name}/`) || kept === `go/${step}`);
  seconds.push((performance.now() - started) / 1000);
  for (const [b, sum] of sums.entries()) {
    const expected = members.reduce((all, _, r) => all + 1 + r + 10 * b + step, 0);
    for (let i = 0; i < numbersPerBucket; i += 4093)
      if (sum[i] !== expected) throw new Error(`bucket ${b}: ${sum[i]}, not ${expected}`);
  }
}
process.send({ type: 'report', report: { rank, seconds } });
