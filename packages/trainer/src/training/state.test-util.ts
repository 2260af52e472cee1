import type { Numbers, TrainingState } from '@calm-orch/model';

function joined(numbers: Numbers): Float32Array {
  const all = new Float32Array(numbers.length);
  let at = 0;
  for (const piece of numbers) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

export type Snapshot = Readonly<Record<keyof TrainingState, Float32Array>>;

/** A state as it is now. */
export const snapshot = ({ weights, firstMoment, secondMoment }: TrainingState): Snapshot => ({
  weights: joined(weights),
  firstMoment: joined(firstMoment),
  secondMoment: joined(secondMoment),
});
