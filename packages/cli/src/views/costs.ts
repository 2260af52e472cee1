// What a configuration costs, for `plan`: parameters, arithmetic per photograph, and whether the training state of a
// full fine-tuning fits the GPUs. Activations are not counted, so what is said to fit is a necessary condition only.
import type { TrialConfig } from '@calm-orch/core';
import type { PerModule, StateBytes } from '@calm-orch/model';
import { columns } from './columns.ts';

export interface Costs {
  readonly parameters: PerModule;
  readonly flopsPerImage: readonly ({ readonly imageSize: number } & PerModule)[];
  readonly gpus: number;
  readonly gpuMemoryGb: number;
  readonly memory: readonly (StateBytes & { readonly optimizerState: string; readonly fits: boolean })[];
}

export async function costsOf(config: TrialConfig, gpus: number, gpuMemoryGb: number): Promise<Costs> {
  const { flopsPerImage, fullTrainingBytes, parameterCounts } = await import('@calm-orch/model');
  const sizes = config.preset === 'paper' ? [224, 336] : [config.vision.imageSize];
  return {
    parameters: parameterCounts(config),
    flopsPerImage: sizes.map((imageSize) => ({ imageSize, ...flopsPerImage(config, imageSize) })),
    gpus,
    gpuMemoryGb,
    memory: Object.entries(fullTrainingBytes(config, gpus)).map(([optimizerState, bytes]) => ({
      optimizerState,
      ...bytes,
      fits: bytes.weights + bytes.gradients + bytes.optimizer < gpuMemoryGb * 1e9,
    })),
  };
}

const scaled = (value: number, unit: number): string => (value / unit).toPrecision(4);

export function renderCosts({ parameters, flopsPerImage, gpus, gpuMemoryGb, memory }: Costs, paper: boolean): string {
  const modules = ({ vision, mfam, llm }: PerModule, unit: number): string[] =>
    [vision, mfam, llm, vision + mfam + llm].map((value) => scaled(value, unit));
  const lines = [
    columns([
      ['', 'ViT', 'MFAM', 'language model', 'all'],
      ['parameters, million', ...modules(parameters, 1e6)],
      ...flopsPerImage.map((flops) => [`GFLOP per image of ${flops.imageSize}`, ...modules(flops, 1e9)]),
    ]).join('\n'),
  ];
  if (paper)
    lines.push(
      'The paper states 770 G at 224 and 878 G at 336 without saying what is counted; one pass of the language model over ' +
        `all visual tokens alone is ${scaled(flopsPerImage[0]!.llm, 1e9)} G, so those figures cannot be a whole forward pass.`,
    );
  lines.push(
    columns([
      ['GB per GPU, full fine-tuning', 'weights', 'gradients', 'optimizer', `of ${gpuMemoryGb}`],
      ...memory.map(({ optimizerState, weights, gradients, optimizer, fits }) => [
        `optimizer state ${optimizerState}`,
        ...[weights, gradients, optimizer].map((bytes) => scaled(bytes, 1e9)),
        fits ? 'fits, before activations' : 'does not fit',
      ]),
    ]).join('\n'),
  );
  if (!memory[0]!.fits)
    lines.push(
      memory[1]!.fits
        ? `Trainers hold the whole optimizer state, so this does not train on ${gpus} x ${gpuMemoryGb} GB; with it partitioned the state would fit, before activations.`
        : `Not on ${gpus} x ${gpuMemoryGb} GB, even with the optimizer state partitioned: weights and gradients alone take ${scaled(memory[1]!.weights + memory[1]!.gradients, 1e9)} GB.`,
    );
  return lines.join('\n\n');
}
