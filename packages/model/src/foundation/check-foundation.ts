// Before anything is trained: do the downloaded models, the tokenizer and the experiment's sizes fit together? Only
// configurations and headers are read, so it takes a moment also for 13 GB.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, foundationFiles, foundationPaths, type TrialConfig } from '@calm-orch/core';
import { readLlmConfig, readVisionConfig } from '../checkpoints/hf-config.ts';
import { statesOf } from '../layers/vision.ts';
import { openLlamaTokenizer } from '../tokenizers/llama-tokenizer.ts';
import { openParts } from './open-foundation.ts';

export type CheckedConfig = Pick<TrialConfig, 'foundation' | 'vision' | 'llm' | 'mfam' | 'prompt'>;

/**
 * Checks what a trial starts from.
 * @throws CalmError naming file, key and expectation, or the configuration keys to set.
 */
export function checkFoundation({ foundation: config, vision, llm, mfam, prompt }: CheckedConfig): void {
  const parts = foundationPaths(config);
  for (const [part, path] of Object.entries(parts)) foundationFiles(part as keyof typeof parts, path);
  if (parts.vision !== undefined) {
    checkFolder('vision', parts.vision);
    // Photographs of another size have their position embeddings interpolated.
    const { imageSize: _, ...there } = readVisionConfig(parts.vision);
    compare('vision', join(parts.vision, 'config.json'), there, vision);
    if (mfam.standardizeTaps)
      throw new CalmError(
        'invalid_config',
        'mfam.standardizeTaps needs statistics of hidden states, which only the foundation made here has; set mfam.standardizeTaps=false',
      );
  }
  if (parts.llm !== undefined) {
    checkFolder('llm', parts.llm);
    const there = readLlmConfig(parts.llm).llm;
    // Of a deeper model the first layers are taken.
    const numLayers = Math.min(there.numLayers, llm.numLayers);
    compare('llm', join(parts.llm, 'config.json'), { ...there, numLayers }, llm);
    checkVocabulary(parts.llm, openLlamaTokenizer(parts.llm).vocabSize, llm.vocabSize);
  } else if (prompt.template !== 'nano')
    throw new CalmError(
      'invalid_config',
      `prompt.template ${prompt.template} needs the tokenizer of a language model; name its folder with foundation.llm`,
    );
  const opened = openParts(parts);
  try {
    if (parts.vision !== undefined) opened.vision(vision);
    if (parts.llm !== undefined) opened.llm(llm);
    opened.mfam(mfam, statesOf(vision), llm);
  } finally {
    opened.close();
  }
}

/** @throws CalmError `bad_data` where ids of the tokenizer have no row in the embedding. */
export function checkVocabulary(dir: string, pieces: number, rows: number): void {
  if (pieces > rows)
    throw new CalmError(
      'bad_data',
      `${dir}: the tokenizer has ${pieces} pieces, the embedding ${rows} rows (llm.vocabSize); do they belong together?`,
    );
}

function checkFolder(part: 'vision' | 'llm', path: string): void {
  if (!statSync(path).isDirectory())
    throw new CalmError(
      'invalid_config',
      `foundation.${part}: ${path} is a file; name the folder it was downloaded to, with its config.json`,
    );
}

/** Sizes come from the experiment, so that its record says what was trained; the folder must agree. */
function compare<T extends object>(section: 'vision' | 'llm', path: string, there: T, configured: NoInfer<T>): void {
  const differing = (Object.keys(there) as (keyof T & string)[]).filter((key) => there[key] !== configured[key]);
  if (differing.length === 0) return;
  const told = differing.map((key) => `${key} ${String(there[key])} (configured: ${String(configured[key])})`);
  const remedy = differing.map((key) => `${section}.${key}: ${String(there[key])}`);
  throw new CalmError(
    'invalid_config',
    `${path} says ${told.join(', ')}; set ${remedy.join(', ')}, or name the folder of another model`,
  );
}
