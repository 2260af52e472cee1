// Stage `baselines`: how well a linear reader scores the photographs evaluated on from what lies before any training: the
// latent traits (the ceiling), plain pixel statistics, and the frozen features of single layers and of all tapped
// layers. Read beside the table: a row far below the ridge on its own features is under-trained, and no evidence.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CalmError,
  writeFileAtomic,
  type EvaluationSplit,
  type MfamConfig,
  type StageContext,
  type StageResult,
} from '@calm-orch/core';
import {
  evaluatedPhotos,
  labeledPhotos,
  loadImage,
  photographReader,
  studioPaths,
  type LabeledPhoto,
} from '@calm-orch/datasets';
import { openStageTaps, type Taps } from '@calm-orch/model';
import { pixelStatistics } from '../baselines/features.ts';
import { matrixOf, ridgePredict } from '../baselines/ridge.ts';
import { tapStatistics } from '../baselines/tap-statistics.ts';
import { ridgeFile, ridgeMetrics, type RidgePredictions } from '../measured/ridge-predictions.ts';
import { trainedAndEvaluated } from './slices.ts';

/** One line of baselines.json. */
interface Baseline {
  readonly name: string;
  readonly features: number;
  readonly train: number;
  readonly test: number;
  readonly lambda: number;
  readonly PLCC: number | null;
  readonly SRCC: number | null;
}

/** Photographs with scores; `test`: of the split that is evaluated on. */
type Ava = Readonly<Record<'train' | 'test', readonly LabeledPhoto[]>>;

/** Feature vectors by image id. */
type Features = ReadonlyMap<number, Float64Array>;

interface BaselinesConfig extends Pick<MfamConfig, 'taps'> {
  readonly split?: EvaluationSplit;
}

export async function baselines(context: StageContext): Promise<StageResult> {
  const { inputs, outputDir, signal, report } = context;
  const data = inputs.data!;
  const { taps: tapConfig, split = 'test' } = context.stage.config as unknown as BaselinesConfig;
  const ava = { train: labeledPhotos(data).train, test: evaluatedPhotos(inputs, split) };
  const results: Baseline[] = [];
  const predicted: RidgePredictions[] = [];
  const evaluate = (name: string, features: Features): void => {
    stopIfCancelled(signal);
    context.alive?.();
    const { baseline, predictions } = evaluateRidge(`ridge ${name}`, ava, features);
    results.push(baseline);
    predicted.push(predictions);
  };

  const traits = [data, inputs.validation]
    .map((artifact) => artifact && join(artifact, studioPaths.traits))
    .filter((path) => path !== undefined && existsSync(path)) as string[];
  if (traits.length > 0) evaluate('latent traits', new Map(traits.flatMap((path) => [...readTraits(path)])));
  evaluate('pixel statistics', await readPixelStatistics(ava, context));
  const tapped = [...new Set(Object.values(tapConfig))].sort((a, b) => a - b);
  const taps = await openStageTaps(context, trainedAndEvaluated(inputs), tapped, photographReader);
  try {
    const layers = await readLayers(taps, tapped);
    const last = Math.max(...tapped);
    evaluate('last layer', layers.get(last)!);
    evaluate('tapped layers', concatenate(tapped.map((layer) => layers.get(layer)!)));
    for (const layer of tapped) evaluate(`layer ${layer}`, layers.get(layer)!);
    // What the rows see that lack a level: the last layer and one other.
    for (const layer of tapped.filter((l) => l !== last))
      evaluate(`layers ${layer}+${last}`, concatenate([layers.get(layer)!, layers.get(last)!]));
  } finally {
    taps.close();
  }
  writeFileAtomic(join(outputDir, 'baselines.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileAtomic(join(outputDir, 'predictions.csv'), ridgeFile(predicted));
  const numPhotos = ava.train.length + ava.test.length;
  report({ step: numPhotos, totalSteps: numPhotos });
  return {
    metrics: Object.fromEntries(
      results.flatMap(({ name, PLCC, SRCC }) => [
        [`${name}/PLCC`, PLCC],
        [`${name}/SRCC`, SRCC],
      ]),
    ),
  };
}

function evaluateRidge(
  name: string,
  { train, test }: Ava,
  features: Features,
): { readonly baseline: Baseline; readonly predictions: RidgePredictions } {
  const rowsOf = (items: Ava['train']) =>
    matrixOf(
      items.map(({ id }) => {
        const row = features.get(id);
        if (row !== undefined) return row;
        throw new CalmError('bad_data', `baseline '${name}': no features of image ${id}; encode the data again`);
      }),
    );
  const scores = (items: Ava['train']): number[] => items.map(({ meanScore }) => meanScore);
  const trainX = rowsOf(train);
  const { predictions, lambda } = ridgePredict(trainX, scores(train), rowsOf(test));
  const predicted = { name, ids: test.map(({ id }) => id), targets: scores(test), predictions };
  const sizes = { features: trainX.columns, train: train.length, test: test.length };
  return { baseline: { name, ...sizes, lambda, ...ridgeMetrics(predicted) }, predictions: predicted };
}

/** traits.csv: `image_id` and one column per trait. */
function readTraits(path: string): Features {
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const columns = header!.split(',').length;
  return new Map(
    lines.map((line, i) => {
      const [id, ...traits] = line.split(',').map(Number);
      if (traits.length !== columns - 1 || ![id, ...traits].every(Number.isFinite)) {
        throw new CalmError('bad_data', `${path}:${i + 2}: expected ${columns} numbers, got '${line}'`);
      }
      return [id!, Float64Array.from(traits)];
    }),
  );
}

async function readPixelStatistics({ train, test }: Ava, context: StageContext): Promise<Features> {
  const items = [...train, ...test];
  const features = new Map<number, Float64Array>();
  for (const { id, path } of items) {
    stopIfCancelled(context.signal);
    features.set(id, pixelStatistics(await loadImage(path)));
    context.alive?.();
    if (features.size % 250 === 0) context.report({ step: features.size, totalSteps: items.length });
  }
  return features;
}

/** By layer, mean and deviation over its tokens, for every encoded photograph. */
async function readLayers(taps: Taps, layers: readonly number[]): Promise<ReadonlyMap<number, Features>> {
  const missing = layers.find((layer) => !taps.layers.includes(layer));
  if (missing !== undefined)
    throw new CalmError(
      'bad_data',
      `baselines: layer ${missing} is tapped but only ${taps.layers.join(', ')} are encoded`,
    );
  const rows = taps.ids.map((_, row) => row);
  const statistics = await tapStatistics(taps, rows, layers);
  return new Map(
    layers.map((layer) => [layer, new Map(taps.ids.map((id, row) => [Number(id), statistics[row]!.get(layer)!]))]),
  );
}

function concatenate(layers: readonly Features[]): Features {
  const [first, ...others] = layers;
  return new Map(
    [...first!].map(([id, row]) => [
      id,
      Float64Array.from([row, ...others.map((layer) => layer.get(id)!)].flatMap((r) => [...r])),
    ]),
  );
}

function stopIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new CalmError('cancelled', 'stage baselines: cancelled');
}
