// The tiny random models of a rehearsal, in the layouts of openai/clip-vit-large-patch14 and lmsys/vicuna-7b-v1.5, or in
// this program's one file. Equal sizes give equal bytes.
import { copyFileSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeFolder, writeFileAtomic, type LlmConfig, type MadeModel, type VisionConfig } from '@calm-orch/core';
import { writeShards } from '../checkpoints/export.ts';
import { llmConfigJson, visionConfigJson } from '../checkpoints/hf-config.ts';
import { writeSafetensors } from '../checkpoints/safetensors.ts';
import { initialWeights } from '../layers/initialize.ts';
import { llmShapes } from '../layers/llama.ts';
import { visionShapes } from '../layers/vision.ts';
import { findTokenizer } from '../tokenizers/llama-tokenizer.ts';
import { smallTokenizerJson } from '../tokenizers/small-tokenizer.ts';
import { sizeOf, type Shapes, type Weights } from '../training/shard-gradients.ts';

const seed = 0;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Makes what is not there. @param words Of the tokenizer that is made where none is kept. */
export function makeModels(models: readonly MadeModel[], words: readonly string[]): void {
  for (const { path, vision, llm, tokenizer } of models) {
    if (vision !== null && llm !== null) {
      if (!existsSync(path)) writeOneFile(path, vision, llm);
    } else if (!existsSync(join(path, 'config.json'))) {
      // config.json comes last: a folder that has it is whole.
      makeFolder(path);
      if (vision !== null) writeClip(path, vision);
      if (llm !== null) writeLlama(path, llm, tokenizer, words);
    }
  }
}

/** Both models, and statistics that leave hidden states as they are. */
function writeOneFile(path: string, vision: VisionConfig, llm: LlmConfig): void {
  const shape = [vision.hiddenSize];
  const statistics = Array.from({ length: vision.numLayers + 1 }, (_, layer): [string, Weights[string]][] => [
    [`taps.${layer}.mean`, { shape, values: new Float32Array(vision.hiddenSize) }],
    [`taps.${layer}.deviation`, { shape, values: new Float32Array(vision.hiddenSize).fill(1) }],
  ]);
  const weights = initialWeights({ ...visionShapes(vision), ...llmShapes(llm) }, seed);
  writeSafetensors(path, { ...weights, ...Object.fromEntries(statistics.flat()) });
}

/** A whole CLIPModel; of its text model one weight stands for all, as none is read. */
function writeClip(dir: string, vision: VisionConfig): void {
  const width = vision.hiddenSize;
  const beside: Shapes = {
    'vision.vision_model.post_layernorm.weight': [width],
    'vision.vision_model.post_layernorm.bias': [width],
    'vision.visual_projection.weight': [width, width],
    'vision.text_model.final_layer_norm.weight': [width],
    'vision.logit_scale': [],
  };
  const shapes = { ...visionShapes(vision), ...beside };
  writeRandom(dir, 'vision.', shapes, Number.MAX_SAFE_INTEGER);
  const config = { architectures: ['CLIPModel'], model_type: 'clip', vision_config: visionConfigJson(vision) };
  writeFileAtomic(join(dir, 'config.json'), json(config));
}

function writeLlama(dir: string, llm: LlmConfig, tokenizer: string | null, words: readonly string[]): void {
  const shapes = llmShapes(llm);
  const bytes = Object.values(shapes).reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
  writeRandom(dir, 'llm.', shapes, bytes / 2);
  const kept = tokenizer === null ? undefined : findTokenizer(tokenizer);
  if (kept === undefined) writeFileAtomic(join(dir, 'tokenizer.json'), smallTokenizerJson(words));
  else copyFileSync(kept, join(dir, basename(kept)));
  writeFileAtomic(join(dir, 'config.json'), json(llmConfigJson(llm)));
}

function writeRandom(dir: string, prefix: string, shapes: Shapes, shardBytes: number): void {
  const weights = initialWeights(shapes, seed);
  writeShards(dir, prefix, shapes, (key) => weights[key]!, { shardBytes, metadata: { format: 'pt' } });
}
