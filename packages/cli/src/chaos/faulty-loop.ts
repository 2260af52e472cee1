// The training loop with a planted fault (plant.ts).
import type { StageContext } from '@calm-orch/core';
import { flipping, type Step } from './flipped-bit.ts';
import { isFlip, misled, plantVariable, type PlantedInRun } from './planted-fault.ts';

type TrainLoop = (
  context: StageContext,
  sharded: Step,
  training: unknown,
  inputsOf: (step: number, ...own: readonly unknown[]) => unknown,
  ...more: readonly unknown[]
) => Promise<void>;

const real = new URL(import.meta.url).searchParams.get('real')!;
const { trainLoop: realLoop } = (await import(real)) as { readonly trainLoop: TrainLoop };
const fault = JSON.parse(process.env[plantVariable]!) as PlantedInRun;

export const trainLoop: TrainLoop = (context, sharded, training, inputsOf, ...more) => {
  if (context.stage.key !== fault.stageKey) return realLoop(context, sharded, training, inputsOf, ...more);
  if (isFlip(fault)) return realLoop(context, flipping(sharded, context, fault), training, inputsOf, ...more);
  return realLoop(context, sharded, training, (step, ...own) => inputsOf(misled(fault, step), ...own), ...more);
};
