// How weights came about: which steps are in them, and under which roster each was computed. It travels with the state,
// in checkpoints and between trainers, so that whoever holds the state can tell the coordinator's ledger all of it.
import type { AppliedSteps } from '@calm-orch/core';

export interface Lineage {
  /** All of it, in order of steps. */
  readonly all: readonly AppliedSteps[];
  add(step: number, generation: number): void;
  /** Another state was taken: its lineage, to be told from the beginning. */
  replace(all: readonly AppliedSteps[]): void;
  /** What was not told yet. */
  take(): AppliedSteps[];
}

export function createLineage(): Lineage {
  let all: AppliedSteps[] = [];
  let toldSteps = 0;
  return {
    get all() {
      return all;
    },
    add: (step, generation) => {
      const last = all.at(-1);
      if (last?.generation === generation && last.endStep === step)
        all[all.length - 1] = { ...last, endStep: step + 1 };
      else all.push({ generation, firstStep: step, endStep: step + 1 });
    },
    replace: (other) => {
      all = [...other];
      toldSteps = 0;
    },
    take: () => {
      const from = toldSteps;
      toldSteps = all.at(-1)?.endStep ?? 0;
      return all.flatMap((range) =>
        range.endStep <= from ? [] : [{ ...range, firstStep: Math.max(from, range.firstStep) }],
      );
    },
  };
}

/** As numbers a float32 holds exactly. */
export function encodeLineage(all: readonly AppliedSteps[]): number[] {
  return [all.length, ...all.flatMap(({ generation, firstStep, endStep }) => [generation, firstStep, endStep])];
}

/** The lineage at the head of `numbers`, and where it ends. */
export function decodeLineage(numbers: Float32Array): { readonly all: AppliedSteps[]; readonly end: number } {
  const count = numbers[0]!;
  const at = (i: number): number => numbers[1 + i]!;
  const all = Array.from({ length: count }, (_, i) => ({
    generation: at(3 * i),
    firstStep: at(3 * i + 1),
    endStep: at(3 * i + 2),
  }));
  return { all, end: 1 + 3 * count };
}
