// One member of the exchange benchmark: a process that has gradients and no model, told by the parent with whom it sums
// them. It exchanges what gang steps do, through the same functions.
import { createComputeGang, openTensorPlane, tokenAccess } from '@calm-orch/rpc';
import { combineBlocks } from '@calm-orch/model';
import { createExchange } from '../packages/trainer/dist/gangs/gang-exchange.js';

const { address, token, numBuckets, numbersPerBucket, repeats, streamed } = JSON.parse(process.argv[2]);
const plane = await openTensorPlane({
  address,
  access: tokenAccess(token),
  ...(streamed && { sharedMemory: null }),
});
const gang = createComputeGang({
  plane: () => Promise.resolve(plane),
  stageKey: 'bench',
  onReady: (at) => process.send({ type: 'ready', address: at }),
});
process.on('message', ({ roster }) => gang.update(roster));
const { signal } = new globalThis.AbortController();
await gang.join(signal);
const { roster } = gang;
const { rank, members } = roster;
const exchange = createExchange(gang);
const size = 8 / members.length;

const buckets = Array.from({ length: numBuckets }, () => new Float32Array(numbersPerBucket));
const seconds = [];
for (let step = 0; step < repeats; step++) {
  buckets.forEach((bucket, b) => bucket.fill(1 + rank + 10 * b + step));
  const go = `go/${step}`;
  gang.publish(go, new Float32Array(1));
  await Promise.all(members.filter((_, r) => r !== rank).map((member) => gang.pull(member, go, signal)));
  const started = performance.now();
  const joined = new Float32Array(numBuckets * numbersPerBucket);
  buckets.forEach((bucket, b) => joined.set(bucket, b * numbersPerBucket));
  const name = `${roster.generation}/${step}`;
  gang.publish(name, joined);
  const pulled = await exchange.pullAll(roster, name, { signal, reuse: 'sums' });
  await gang.taken(name, members.length - 1, signal);
  gang.retire((kept) => kept === name || kept === go);
  const blocks = members.map((_, r) => ({ first: r * size, size, sum: r === rank ? joined : pulled.get(r) }));
  const total = combineBlocks(blocks, 8);
  const ended = performance.now();
  seconds.push((ended - started) / 1000);
  for (let b = 0; b < numBuckets; b++) {
    const expected = members.reduce((sum, _, r) => sum + 1 + r + 10 * b + step, 0);
    for (let i = 0; i < numbersPerBucket; i += 4093)
      if (total[b * numbersPerBucket + i] !== expected)
        throw new Error(`bucket ${b}: ${total[b * numbersPerBucket + i]}, not ${expected}`);
  }
}
process.send({ type: 'report', report: { rank, seconds } });
