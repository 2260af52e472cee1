// A fault that `chaos --self-test` plants in training, to be found. Of the first three kinds every step is counted as it should
// be, but one is computed with the data of another, so that the step is left out, done twice, or done before its time. Of the
// others a bit of one trainer's weights flips.
import { rng } from '@calm-orch/core';

export const misledKinds = ['drop', 'repeat', 'swap'] as const;
/** In all weights of one of several replicas; in the slice of one trainer of a partitioned optimizer, which all then take. */
export const flipKinds = ['flip-replica', 'flip-slice'] as const;
export const plantedKinds = [...misledKinds, ...flipKinds] as const;
export type PlantedKind = (typeof plantedKinds)[number];

export interface Misled {
  readonly kind: (typeof misledKinds)[number];
  /** The stage it is planted in. */
  readonly stageKey: string;
  /** The first step that is computed with another's data. */
  readonly step: number;
}

export interface Flip {
  readonly kind: (typeof flipKinds)[number];
  readonly stageKey: string;
  /** The first step after which a bit may flip. */
  readonly step: number;
}

export type PlantedFault = Misled | Flip;

export const isFlip = (fault: PlantedFault): fault is Flip => flipKinds.some((kind) => kind === fault.kind);

/** Where processes find it, as JSON, with the file that is there once a bit has flipped: it flips once. */
export const plantVariable = 'CALM_ORCH_PLANTED_FAULT';
export type PlantedInRun = PlantedFault & { readonly done: string };

/** Drawn from the seed, for one of these training stages; a bit flips where several trainers shared one. */
export function planFault(
  seed: number,
  stages: readonly { readonly key: string; readonly steps: number; readonly workers: readonly string[] }[],
  wanted?: PlantedKind,
): PlantedFault | null {
  const random = rng('chaos', 'planted', seed);
  const flips = flipKinds.find((kind) => kind === wanted);
  const fitting = stages.filter(({ steps, workers }) => steps > 2 && (flips === undefined || workers.length > 1));
  if (fitting.length === 0) return null;
  const { key, steps } = random.pick(fitting);
  if (flips !== undefined) return { kind: flips, stageKey: key, step: 1 + random.int(Math.ceil(steps / 2)) };
  const kind = misledKinds.find((each) => each === wanted) ?? random.pick(misledKinds);
  // One step before it, to be repeated, and one after it, to be swapped with.
  return { kind, stageKey: key, step: 1 + random.int(steps - 2) };
}

/** The step whose data is taken for `step`. */
export function misled({ kind, step: at }: Misled, step: number): number {
  switch (kind) {
    case 'drop':
      return step >= at ? step + 1 : step;
    case 'repeat':
      return step >= at ? step - 1 : step;
    case 'swap':
      return step === at ? at + 1 : step === at + 1 ? at : step;
  }
}
