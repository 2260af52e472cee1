// After which steps of a training a digest of its state is taken, and after which of these its checkpoints are kept.

const digestEvery = 64;

/** Every 64 steps from 0 on, and after the last. */
export const isDigested = (step: number, steps: number): boolean => step % digestEvery === 0 || step === steps;

/** All of them, in order. */
export const digestedSteps = (steps: number): number[] => [
  ...Array.from({ length: Math.ceil(steps / digestEvery) }, (_, i) => i * digestEvery),
  steps,
];

/** `count` of them between the first and the last, as evenly as they lie; all where there are fewer. */
export function keptSteps(steps: number, count: number): number[] {
  const between = digestedSteps(steps).slice(1, -1);
  if (count >= between.length) return between;
  return Array.from({ length: count }, (_, i) => between[Math.floor(((i + 1) * between.length) / (count + 1))]!);
}
