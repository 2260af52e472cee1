// `npm run bench -- exchange`: processes of this machine exchange and sum their gradients, as a gang does at every step.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMembers } from './gang-processes.js';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';

const member = fileURLToPath(new URL('exchange-member.js', import.meta.url));
/** The first exchanges find their memory. */
const warmup = 3;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      mib: { type: 'string', default: '256' },
      bucket: { type: 'string', default: '128' },
      members: { type: 'string', default: '2' },
      repeats: { type: 'string', default: '15' },
      streamed: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const mib = wholeNumber(values.mib, '--mib');
  const bucketMib = Math.min(mib, wholeNumber(values.bucket, '--bucket'));
  const numMembers = wholeNumber(values.members, '--members', 2);
  if (8 % numMembers !== 0) throw new Error(`--members: expected 2, 4 or 8, got '${values.members}'`);
  const numBuckets = Math.ceil(mib / bucketMib);
  const repeats = warmup + wholeNumber(values.repeats, '--repeats');
  const { streamed } = values;
  const reports = await runMembers(member, numMembers, {
    numBuckets,
    numbersPerBucket: bucketMib * 2 ** 18,
    repeats,
    streamed,
  });
  const bytes = numBuckets * bucketMib * 2 ** 20;
  // Until all have the sum.
  const rates = Array.from({ length: repeats }, (_, i) => bytes / 1e9 / Math.max(...reports.map((r) => r.seconds[i])))
    .slice(warmup)
    .sort((a, b) => a - b);
  const result = {
    members: numMembers,
    bytes,
    buckets: numBuckets,
    streamed,
    gigabytesPerSecond: { min: rates[0], median: median(rates), max: rates.at(-1) },
    machine: machineFacts(),
  };
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    const [min, middle, max] = [rates[0], median(rates), rates.at(-1)].map((rate) => rate.toFixed(2));
    const { cpu, cores, node } = result.machine;
    console.log(
      `${numMembers} members, ${mib} MiB of gradients each in ${numBuckets} buckets${streamed ? ', streamed' : ''}:\n` +
        `${middle} GB/s summed (${min} to ${max}, ${rates.length} exchanges)\n${cpu}, ${cores} threads, node ${node}`,
    );
  }
  return 0;
}
