// The pretrained models a trial starts from, as a stage finds them in its inputs: the one carried file, or `sources.json`,
// which names folders as they were downloaded. Checked whole when opened, read tensor by tensor.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CalmError,
  foundationFile,
  foundationSourcesFile,
  qformerLevels,
  type FoundationSources,
  type LlmConfig,
  type MfamConfig,
  type VisionConfig,
} from '@calm-orch/core';
import { readLlmConfig, readVisionConfig } from '../checkpoints/hf-config.ts';
import { openQFormerSeed, openWeights, type WeightSource } from '../checkpoints/load.ts';
import { llmKey, skipped, thematicKey, visionKey, type KeyMap } from '../checkpoints/names.ts';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes } from '../calm/mfam.ts';
import { openSafetensors } from '../checkpoints/safetensors.ts';
import type { Shapes, Weights } from '../training/shard-gradients.ts';
import { visionShapes, type StatesSize } from '../layers/vision.ts';
import { lazyWeights } from './lazy-weights.ts';

export interface Foundation {
  /** The ViT, and the statistics of its hidden states where it has them. */
  vision(config: VisionConfig): Weights;
  llm(config: LlmConfig): Weights;
  /** What of the MFAM starts from published weights; the rest starts from its initial ones. */
  mfam(config: MfamConfig, states: StatesSize, llm: LlmConfig): Weights;
  /** Folder with the language model's tokenizer; undefined: the words of the embedded data. */
  readonly tokenizerDir: string | undefined;
  /** Nothing can be read any more. */
  close(): void;
}

/** The models below an artifact's folder. @throws CalmError `not_found`, or `bad_data` where a file has changed. */
export function openFoundation(dir: string | undefined): Foundation {
  // What a `foundation` stage wrote is called as any trained model is.
  const path = [foundationFile, 'model.safetensors', foundationSourcesFile]
    .map((name) => join(dir ?? '', name))
    .find((file) => existsSync(file));
  if (dir === undefined || path === undefined)
    throw new CalmError(
      'not_found',
      `no foundation checkpoint in ${dir ?? 'the inputs'}; run experiments/foundation.yaml to rebuild it`,
    );
  if (!path.endsWith(foundationSourcesFile)) return openParts({ checkpoint: path });
  const { parts, files } = JSON.parse(readFileSync(path, 'utf8')) as FoundationSources;
  for (const { path: file, bytes, mtimeMs } of files) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.size !== bytes || stat.mtimeMs !== mtimeMs)
      throw new CalmError(
        'bad_data',
        `${file}: ${stat === undefined ? 'is gone' : 'has changed'} since the run was planned; start the run again`,
      );
  }
  return openParts(parts);
}

/** Models by their places. */
export function openParts(parts: FoundationSources['parts']): Foundation {
  const open: { close(): void }[] = [];
  const lazy = (source: WeightSource, shapes: Shapes): Weights => {
    open.push(source);
    return lazyWeights(source, shapes);
  };
  const carried = (path: string): Weights => {
    const file = openSafetensors(path);
    return lazy(file, Object.fromEntries(file.keys.map((key) => [key, file.shape(key)])));
  };
  return {
    vision: (config) => {
      if (parts.vision === undefined) return carried(parts.checkpoint!);
      // Position embeddings as they are there; who reads another size interpolates them.
      const shapes = visionShapes({ ...config, imageSize: readVisionConfig(parts.vision).imageSize });
      return lazy(openWeights(parts.vision, visionKey, shapes), shapes);
    },
    llm: (config) => {
      if (parts.llm === undefined) return carried(parts.checkpoint!);
      const shapes = llmShapes(config);
      return lazy(openLlm(parts.llm, shapes), shapes);
    },
    mfam: (config, states, llm) => {
      const seeds: Weights[] = [];
      if (parts.projector !== undefined && config.levels.includes('thematic')) {
        const shapes = mfamShapes({ ...config, levels: ['thematic'] }, states, llm);
        seeds.push(lazy(openWeights(parts.projector, thematicKey, shapes), shapes));
      }
      if (parts.qformer !== undefined && config.resampler === 'qformer')
        for (const level of qformerLevels.filter((name) => config.levels.includes(name)))
          seeds.push(
            lazy(
              openQFormerSeed(parts.qformer, level, config, { hiddenSize: states.width }, llm),
              mfamShapes(config, states, llm),
            ),
          );
      return Object.assign({}, ...seeds) as Weights;
    },
    tokenizerDir: parts.llm,
    close: () => open.splice(0).forEach((file) => file.close()),
  };
}

const headKey = 'llm.lm_head.weight';

/** LLaMA's weights, of its first layers; where the folder ties them, the output layer is the embedding. */
export function openLlm(dir: string, shapes: Shapes): WeightSource {
  const tied: Record<string, string> = readLlmConfig(dir).tiedEmbeddings
    ? { [headKey]: 'llm.model.embed_tokens.weight' }
    : {};
  const layerOf = (key: string): string | undefined => /^llm\.model\.layers\.\d+\./.exec(key)?.[0];
  const layers = new Set(Object.keys(shapes).map(layerOf));
  const ofLayers: KeyMap = (key) => {
    const ours = llmKey(key);
    return typeof ours === 'string' && !layers.has(layerOf(ours)) ? skipped : ours;
  };
  return openWeights(dir, ofLayers, shapes, { tied });
}
