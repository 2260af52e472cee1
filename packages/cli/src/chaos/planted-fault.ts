// A fault that `chaos --self-test` plants in training, for the audit to find. Every step is counted as it should be, but one
// is computed with the data of another, so that the step is left out, done twice, or done before its time.
import { rng } from '@calm-orch/core';

export const plantedKinds = ['drop', 'repeat', 'swap'] as const;

export interface PlantedFault {
  readonly kind: (typeof plantedKinds)[number];
  /** The stage it is planted in. */
  readonly stageKey: string;
  /** The first step that is computed with another's data. */
  readonly step: number;
}

/** Where processes find it, as JSON. */
export const plantVariable = 'CALM_ORCH_PLANTED_FAULT';

/** Drawn from the seed, for one of these training stages. */
export function planFault(
  seed: number,
  stages: readonly { readonly key: string; readonly steps: number }[],
): PlantedFault {
  const random = rng('chaos', 'planted', seed);
  const { key, steps } = random.pick(stages.filter((stage) => stage.steps > 2));
  // One step before it, to be repeated, and one after it, to be swapped with.
  return { kind: random.pick(plantedKinds), stageKey: key, step: 1 + random.int(steps - 2) };
}

/** The step whose data is taken for `step`. */
export function misled({ kind, step: at }: PlantedFault, step: number): number {
  switch (kind) {
    case 'drop':
      return step >= at ? step + 1 : step;
    case 'repeat':
      return step >= at ? step - 1 : step;
    case 'swap':
      return step === at ? at + 1 : step === at + 1 ? at : step;
  }
}
