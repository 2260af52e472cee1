// `npm run bench -- generate`: tokens a second with the cache of keys and values, and with everything computed anew for
// each token, as before there was one. Same weights, same prompts; both must write the same tokens.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createProgram, startEngine, tf } from '@calm-orch/engine';
import {
  createDecoder,
  embedTokens,
  frozenParameters,
  initialWeights,
  llamaHidden,
  llmShapes,
  logitsOf,
} from '@calm-orch/model';
import { median } from './median.js';
import { modelOf, normals } from './model.js';
import { machineFacts, wholeNumber } from './options.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const likeliest = (logits, batch, vocabulary) =>
  Int32Array.from({ length: batch }, (_, i) => {
    const row = logits.subarray(i * vocabulary, (i + 1) * vocabulary);
    return row.indexOf(Math.max(...row));
  });

/** Every answer position anew at each token: one function over prompt and padded answer. */
function createRecomputing(engine, { llm, weights, batch, prompt, answer }) {
  const shapes = llmShapes(llm);
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      all: {
        inputs: {
          image: { shape: [batch, prompt, llm.hiddenSize], dtype: 'float32' },
          ids: { shape: [batch, answer], dtype: 'int32' },
        },
        body: (variables, { image, ids }) => {
          const parameters = frozenParameters(variables);
          const sequence = tf.concat([image, embedTokens(parameters, ids)], 1);
          const hidden = llamaHidden(parameters, llm, sequence, answer + 1).slice(
            [0, 0, 0],
            [batch, answer, llm.hiddenSize],
          );
          return { outputs: { logits: logitsOf(parameters, llm, hidden) } };
        },
      },
    },
  });
  for (const key of Object.keys(shapes)) program.assign(key, weights[key].values);
  return program;
}

function measure(engine, c, { batch, rounds }) {
  const { llm } = modelOf(c);
  const weights = initialWeights(llmShapes(llm), 0, () => 0.05);
  const prompt = c.prefix + c.visionTokens - 1 + 3 * c.queries + c.suffix;
  const answer = c.answer;
  const image = normals('prompt', batch * prompt * llm.hiddenSize, 0.5);
  const size = prompt * llm.hiddenSize;
  const prompts = Array.from({ length: batch }, (_, i) => [{ image: image.subarray(i * size, (i + 1) * size) }]);
  const decoder = createDecoder(engine, { llm, weights, batchSize: batch, promptTokens: prompt, answerTokens: answer });
  const recomputing = createRecomputing(engine, { llm, weights, batch, prompt, answer });
  const times = { prefill: [], decode: [], cached: [], anew: [] };
  let same = true;
  for (let round = 0; round <= rounds; round++) {
    const started = performance.now();
    const written = [likeliest(decoder.start(prompts), batch, llm.vocabSize)];
    const read = performance.now();
    while (written.length < answer) written.push(likeliest(decoder.next(written.at(-1)), batch, llm.vocabSize));
    const ended = performance.now();
    const ids = new Int32Array(batch * answer);
    for (let at = 0; at < answer; at++) {
      const { logits } = recomputing.run('all', { image, ids });
      for (let i = 0; i < batch; i++) {
        const first = (i * answer + at) * llm.vocabSize;
        const row = logits.subarray(first, first + llm.vocabSize);
        ids[i * answer + at] = row.indexOf(Math.max(...row));
        same &&= ids[i * answer + at] === written[at][i];
      }
    }
    const anew = performance.now() - ended;
    // The first round warms up.
    if (round === 0) continue;
    times.prefill.push(read - started);
    times.decode.push((ended - read) / (answer - 1));
    times.cached.push(ended - started);
    times.anew.push(anew);
  }
  decoder.close();
  recomputing.dispose();
  const rate = (ms) => Math.round((batch * answer * 1000) / ms);
  const round = (x) => Math.round(x * 10) / 10;
  return {
    batch,
    promptTokens: prompt,
    answerTokens: answer,
    prefillMs: round(median(times.prefill)),
    decodeMsPerToken: round(median(times.decode)),
    cached: { ms: round(median(times.cached)), tokensPerSecond: rate(median(times.cached)) },
    anew: { ms: round(median(times.anew)), tokensPerSecond: rate(median(times.anew)) },
    speedup: round(median(times.anew) / median(times.cached)),
    sameTokens: same,
  };
}

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', multiple: true, default: [here('nano.json'), here('small.json')] },
      batch: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const engine = await startEngine();
  const results = values.config.map((path) => ({
    config: path,
    ...measure(engine, JSON.parse(readFileSync(path, 'utf8')), {
      batch: wholeNumber(values.batch, '--batch'),
      rounds: wholeNumber(values.rounds, '--rounds'),
    }),
  }));
  const machine = machineFacts();
  if (values.json) console.log(JSON.stringify({ results, machine }));
  else
    for (const r of results)
      console.log(
        `${r.config}: batch ${r.batch}, ${r.promptTokens} + ${r.answerTokens} tokens: with the cache ${r.cached.ms} ms ` +
          `(prefill ${r.prefillMs}, then ${r.decodeMsPerToken} a token), anew ${r.anew.ms} ms: ${r.speedup}x; tokens ${r.sameTokens ? 'equal' : 'DIFFER'}`,
      );
  return results.every((r) => r.sameTokens) ? 0 : 1;
}
