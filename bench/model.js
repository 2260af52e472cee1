// The model of a configuration of sizes (bench/nano.json, bench/small.json), as the product's own configuration.
import { nano, rng } from '@calm-orch/core';
import { llmShapes, mfamShapes } from '@calm-orch/model';

export function modelOf(c) {
  const mfam = {
    ...nano.mfam,
    taps: { low: 0, middle: 1, high: 2, thematic: 2 },
    queries: c.queries,
    hiddenSize: c.qformerWidth,
    numHeads: c.qformerHeads,
    numLayers: c.qformerLayers,
    mlpSize: 4 * c.qformerWidth,
  };
  const llm = {
    ...nano.llm,
    hiddenSize: c.llmWidth,
    numLayers: c.llmLayers,
    numHeads: c.llmHeads,
    numKeyValueHeads: c.llmHeads,
    mlpSize: c.llmMlp,
    vocabSize: c.vocab,
    maxPositions: 4096,
  };
  return {
    mfam,
    llm,
    shapes: { ...mfamShapes(mfam, { tokens: c.visionTokens, width: c.visionWidth }, llm), ...llmShapes(llm) },
  };
}

/** Normal values of a small deviation, a function of `name` alone. */
export function normals(name, size, deviation = 1) {
  const random = rng('bench', name);
  return Float32Array.from({ length: size }, () => deviation * random.normal());
}

/** What plan's count of memory asks about a step of these sizes. */
export function memorySizes(c) {
  const { mfam, llm } = modelOf(c);
  const vision = { ...nano.vision, imageSize: Math.sqrt(c.visionTokens - 1), patchSize: 1, hiddenSize: c.visionWidth };
  const tokens = c.prefix + c.visionTokens - 1 + 3 * c.queries + c.suffix + c.answer;
  return { model: { vision, mfam, llm, encode: { store: 'all' } }, sample: { images: 1, tokens, answer: c.answer } };
}
