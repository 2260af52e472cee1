// What chaos does to a run, and when: drawn from a seed. Which process is hit also depends on who lives at that moment.
import { rng } from '@calm-orch/core';

export const faultKinds = [
  'kill worker',
  'kill computation',
  'stop worker',
  'stop computation',
  'kill coordinator',
  'cut connections',
  'disk full',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** Milliseconds after the fault before it. */
  readonly afterMs: number;
  /** How long a stop or a full disk lasts. */
  readonly lastsMs: number;
  /** In [0, 1): which of the candidates is hit. */
  readonly choice: number;
}

/** How often each kind comes, relative to the others. */
const weights: Readonly<Record<FaultKind, number>> = {
  'kill worker': 5,
  'kill computation': 4,
  'stop worker': 2,
  'stop computation': 3,
  'kill coordinator': 2,
  'cut connections': 3,
  'disk full': 3,
};

/** `quietMs`: how long the undisturbed run took; the faults are spread over the first part of such a time. */
export function planFaults(seed: number, count: number, quietMs: number): PlannedFault[] {
  const random = rng('chaos', seed);
  const total = faultKinds.reduce((sum, kind) => sum + weights[kind], 0);
  const gapMs = (0.8 * quietMs) / (count + 1);
  return Array.from({ length: count }, () => {
    let left = random.uniform() * total;
    const kind = faultKinds.find((each) => (left -= weights[each]) < 0) ?? 'kill worker';
    const afterMs = gapMs * (0.5 + random.uniform());
    return { kind, afterMs, lastsMs: 500 + 3500 * random.uniform(), choice: random.uniform() };
  });
}
