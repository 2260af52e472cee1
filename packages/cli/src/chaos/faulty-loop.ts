// The training loop with a planted fault (plant.ts).
import type { StageContext } from '@calm-orch/core';
import { misled, plantVariable, type PlantedFault } from './planted-fault.ts';

type TrainLoop = (
  context: StageContext,
  sharded: unknown,
  training: unknown,
  inputsOf: (step: number) => unknown,
  ...more: readonly unknown[]
) => Promise<void>;

const real = new URL(import.meta.url).searchParams.get('real')!;
const { trainLoop: realLoop } = (await import(real)) as { readonly trainLoop: TrainLoop };
const fault = JSON.parse(process.env[plantVariable]!) as PlantedFault;

export const trainLoop: TrainLoop = (context, sharded, training, inputsOf, ...more) => {
  const isHit = context.stage.key === fault.stageKey;
  return realLoop(context, sharded, training, (step) => inputsOf(isHit ? misled(fault, step) : step), ...more);
};
