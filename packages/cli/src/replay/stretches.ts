// Stretches of training that can be computed again: between two checkpoints that stayed, from the first weights to the first
// of them, from the last to the end.
import { rng, type StateDigest } from '@calm-orch/core';

export interface Stretch<Stage> {
  readonly stage: Stage;
  /** Steps done where it begins and where it ends. */
  readonly first: number;
  readonly end: number;
}

/** In order; `kept`: steps after which checkpoints stayed. */
export function stretchesOf<Stage>(stage: Stage, steps: number, kept: readonly number[]): Stretch<Stage>[] {
  const bounds = [0, ...kept.filter((step) => step > 0 && step < steps).sort((a, b) => a - b), steps];
  return bounds.slice(1).map((end, i) => ({ stage, first: bounds[i]!, end }));
}

/** `count` of them, or all where there are fewer, in their order: a function of the seed. */
export function drawStretches<T>(stretches: readonly T[], count: number, seed: number): T[] {
  const order = [...stretches.keys()];
  const drawn = rng('audit', 'replay', seed).shuffle(order).slice(0, count);
  return drawn.sort((a, b) => a - b).map((at) => stretches[at]!);
}

/**
 * Probability that `drawn` of `all` stretches, each as likely, have at least one of `altered` among them: 1 - C(all - altered,
 * drawn) / C(all, drawn).
 */
export function detectionProbability(all: number, drawn: number, altered: number): number {
  let missed = 1;
  for (let i = 0; i < drawn; i++) missed *= Math.max(0, all - altered - i) / (all - i);
  return 1 - missed;
}

export interface DifferingDigest {
  /** Steps done. */
  readonly step: number;
  /** None: it was not recorded; several: it was recorded differently. */
  readonly recorded: readonly string[];
  /** None: it was not computed. */
  readonly computed: readonly string[];
}

/** Steps whose digests do not agree, of those that should have one within a stretch. */
export function differing(
  steps: readonly number[],
  recorded: readonly StateDigest[],
  computed: readonly StateDigest[],
): DifferingDigest[] {
  const at = (digests: readonly StateDigest[], wanted: number): string[] => [
    ...new Set(digests.flatMap(({ step, digest }) => (step === wanted ? [digest] : []))),
  ];
  return steps
    .map((step) => ({ step, recorded: at(recorded, step), computed: at(computed, step) }))
    .filter((each) => each.recorded.length !== 1 || each.computed.join() !== each.recorded[0]);
}
