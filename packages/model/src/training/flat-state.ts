// Weights and both moments where they are three flat variables of a program.
import type { Program } from '@calm-orch/engine';
import type { TrainingState } from './training-program.ts';

export function flatState(program: Program): TrainingState {
  const [weights, firstMoment, secondMoment] = [...program.readAll(['weights', 'm', 'v'])] as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return { weights, firstMoment, secondMoment };
}

export function setFlatState(program: Program, { weights, firstMoment, secondMoment }: TrainingState): void {
  program.assignAll([
    ['weights', weights],
    ['m', firstMoment],
    ['v', secondMoment],
  ]);
}
