// `npm run bench -- memory`: what a sample adds to the peak memory of a training step, beside what `plan` says. The
// difference between two batches leaves out weights, moments and the process itself.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { activationsPerSample } from '@calm-orch/model';
import { modelOf } from './model.js';
import { runPeer } from './peer.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', default: here('small.json') },
      batches: { type: 'string', default: '4,12' },
      json: { type: 'boolean', default: false },
    },
  });
  const config = JSON.parse(readFileSync(values.config, 'utf8'));
  const [few, many] = values.batches.split(',').map(Number);
  const peak = async (batch) =>
    (await runPeer(process.execPath, [here('memory-step.js'), JSON.stringify({ config, batch })])).bytes;
  const measured = ((await peak(many)) - (await peak(few))) / (many - few);
  const { mfam, llm } = modelOf(config);
  const side = Math.sqrt(config.visionTokens - 1);
  const vision = { imageSize: side, patchSize: 1, hiddenSize: config.visionWidth };
  const tokens = config.prefix + config.visionTokens - 1 + 3 * config.queries + config.suffix + config.answer;
  const planned = 4 * activationsPerSample({ vision, mfam, llm }, { images: 1, tokens, answer: config.answer }, false);
  const result = {
    ...{ config: values.config, batches: [few, many], tokens },
    ...{ measuredBytesPerSample: Math.round(measured), plannedBytesPerSample: planned },
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
