// A trained model as Hugging Face's folders, with a model card: `vision/` and `llm/`, which transformers reads, and beside them
// what only CALM has: the levels, and the statistics its hidden states are standardised by.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import type { TrainedModel } from './trained-model.ts';

/** Files of a language model's folder that are its tokenizer. */
const tokenizerFiles = ['tokenizer.json', 'tokenizer.model', 'tokenizer_config.json', 'special_tokens_map.json'];

/** @param card README.md, where Hugging Face's hub looks for it. */
export async function writeModel(
  dir: string,
  { config, foundation, model }: TrainedModel,
  card: string,
  options: { readonly shardBytes?: number } = {},
): Promise<void> {
  const { exportHuggingFace, openFoundation, openSafetensors, writeSafetensors } = await import('@calm-orch/model');
  const { vision, mfam, llm } = config;
  const trained = openSafetensors(model);
  const started = openFoundation(foundation);
  try {
    const frozen = started.vision(vision);
    exportHuggingFace(dir, { vision, mfam, llm, read: (key) => frozen[key] ?? trained.inPieces(key) }, options);
    const statistics = Object.keys(frozen).filter((key) => key.startsWith('taps.'));
    if (statistics.length > 0)
      writeSafetensors(join(dir, 'taps.safetensors'), Object.fromEntries(statistics.map((key) => [key, frozen[key]!])));
    for (const name of tokenizerFiles) {
      const from = join(started.tokenizerDir ?? '', name);
      if (started.tokenizerDir !== undefined && existsSync(from)) copyFileSync(from, join(dir, 'llm', name));
    }
  } finally {
    started.close();
    trained.close();
  }
  writeFileAtomic(join(dir, 'calm.json'), `${JSON.stringify(config, null, 2)}\n`);
  writeFileAtomic(join(dir, 'README.md'), card);
}
