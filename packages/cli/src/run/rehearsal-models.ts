// What a rehearsal needs to know of the models an experiment names, and the tiny ones it makes in the user's cache folder.
import { join } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import {
  foundationFiles,
  foundationPaths,
  presets,
  programRoot,
  sha256OfFile,
  type Experiment,
  type RehearsalModels,
  type TrialConfig,
} from '@calm-orch/core';
import { defaultCacheDir } from '@calm-orch/engine/layout';

/** Words whose pieces a made tokenizer has: those of the embedded data, the template and the instructions. */
async function wordsOf(): Promise<readonly string[]> {
  const { instructionOf, instructions, vocabularyWords } = await import('@calm-orch/datasets');
  const { vicunaSystem } = await import('@calm-orch/model');
  const kinds = Object.keys(instructions) as (keyof typeof instructions)[];
  const texts = [vicunaSystem, 'USER: ASSISTANT:', ...kinds.map((kind) => instructionOf('vicuna_v1', kind))];
  return [...vocabularyWords(), ...texts.flatMap((text) => text.split(' '))];
}

/** For `loadExperiment`. @throws CalmError where a model is named that is not there. Loads the model's code. */
export async function rehearsalModels(): Promise<(trial: TrialConfig) => RehearsalModels> {
  const { findTokenizer, readLlmConfig, readVisionConfig, smallVocabSize } = await import('@calm-orch/model');
  const dir = join(defaultCacheDir(), 'rehearsal');
  const vocabSize = smallVocabSize(await wordsOf());
  return ({ preset, foundation }) => {
    const { vision, llm } = foundationPaths(foundation);
    const { checkpoint } = foundation;
    const isNamed = checkpoint !== join(programRoot, presets[preset].foundation.checkpoint);
    if (isNamed && !existsSync(checkpoint)) foundationFiles('checkpoint', checkpoint);
    const tokenizer = llm === undefined ? undefined : findTokenizer(llm);
    return {
      dir,
      vocabSize,
      vision: vision === undefined ? null : readVisionConfig(vision),
      llm: llm === undefined ? null : readLlmConfig(llm).llm,
      tokenizer: tokenizer === undefined ? null : { dir: llm!, sha256: sha256OfFile(tokenizer) },
      isOwnFile: statSync(checkpoint, { throwIfNoEntry: false })?.isFile() === true,
    };
  };
}

/** Makes the models of a rehearsal that are not there; does nothing for other experiments. */
export async function makeRehearsalModels({ rows }: Experiment): Promise<void> {
  const made = rows.flatMap(({ rehearsed }) => rehearsed?.made ?? []);
  if (made.length === 0) return;
  const { makeModels } = await import('@calm-orch/model');
  makeModels(made, await wordsOf());
}
