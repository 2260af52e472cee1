import { cut, type Numbers } from './numbers.ts';
import type { TrainingState } from './step-state.ts';

const joined = (numbers: Numbers): Float32Array => [...cut(numbers, [numbers.length])][0]!.slice();

/** A state as it is now. */
export const snapshot = ({ weights, firstMoment, secondMoment }: TrainingState) => ({
  weights: joined(weights),
  firstMoment: joined(firstMoment),
  secondMoment: joined(secondMoment),
});
