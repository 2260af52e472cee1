// `npm run bench -- memory`: what a sample adds to the peak memory of a training step, beside what `plan` says. The
// difference between two batches leaves out weights, moments and the process itself.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { activationsPerSample } from '@calm-orch/model';
import { memorySizes } from './model.js';
import { oneOf } from './options.js';
import { runPeer } from './peer.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', default: here('small.json') },
      batches: { type: 'string', default: '4,12' },
      recompute: { type: 'string', default: 'none' },
      precision: { type: 'string', default: 'fp32' },
      json: { type: 'boolean', default: false },
    },
  });
  const config = JSON.parse(readFileSync(values.config, 'utf8'));
  const { recompute, precision } = values;
  const again = oneOf('--recompute', recompute, ['none', 'layers']) === 'layers';
  const width = oneOf('--precision', precision, ['fp32', 'bf16']) === 'bf16' ? 2 : 4;
  const [few, many] = values.batches.split(',').map(Number);
  const peak = async (batch) =>
    (
      await runPeer(process.execPath, [
        here('memory-step.js'),
        JSON.stringify({ config, batch, recompute: again, precision }),
      ])
    ).bytes;
  const measured = ((await peak(many)) - (await peak(few))) / (many - few);
  const { model, sample } = memorySizes(config);
  const { tokens } = sample;
  const planned = width * activationsPerSample(model, sample, again);
  const result = {
    config: values.config,
    batches: [few, many],
    recompute,
    precision,
    tokens,
    measuredBytesPerSample: Math.round(measured),
    plannedBytesPerSample: planned,
    measuredToPlanned: Math.round((measured / planned) * 100) / 100,
  };
  const mb = (bytes) => (bytes / 1e6).toFixed(1);
  console.log(
    values.json
      ? JSON.stringify(result)
      : `a sample of ${tokens} tokens adds ${mb(measured)} MB to the peak, planned ${mb(planned)} MB: ${result.measuredToPlanned}x`,
  );
  return 0;
}
