// Other people's trained models in tfjs's own format (a JSON file and weights), for stages that look at photographs.
// They run on WebAssembly, which every engine folder has: its bits are the same with and without a GPU, whatever the
// number of cores.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { defaultCacheDir, findEngine } from '../layout.ts';
import { startEngine, type Engine } from '../load.ts';

export interface GraphModel {
  /** The model's only input; the caller disposes of the result. */
  execute(input: Tensor, output: string): Tensor;
}

export interface GraphModelFiles {
  /** Text of the JSON file. */
  readonly topology: string;
  readonly weights: Buffer;
}

interface ModelJson {
  readonly weightsManifest: readonly { readonly weights: readonly unknown[] }[];
}

interface Converter {
  loadGraphModel(handler: { load(): Promise<unknown> }): Promise<GraphModel>;
}

/** @throws CalmError `engine` when none is installed, or when this process computes with another back end. */
export async function openGraphModel(
  { topology, weights }: GraphModelFiles,
  cacheDir = defaultCacheDir(),
): Promise<{ engine: Engine; model: GraphModel }> {
  const engine = await startEngine({ cacheDir, backend: 'wasm' });
  const { dir } = findEngine(cacheDir, 'wasm')!;
  const converter = createRequire(join(dir, 'package.json'))('@tensorflow/tfjs-converter') as Converter;
  const { weightsManifest, ...rest } = JSON.parse(topology) as ModelJson;
  const load = () =>
    Promise.resolve({
      ...rest,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: Uint8Array.from(weights).buffer,
    });
  return { engine, model: await converter.loadGraphModel({ load }) };
}
