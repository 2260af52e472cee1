// How weights came about: which steps are in them, in the order they were computed, under which roster and with which samples
// each was. It travels with the state, in checkpoints and between trainers, so that whoever holds the state can tell the
// coordinator's ledger all of it. Nothing is put in order or left out here: a step that is missing, or there twice, shows.
import type { AppliedSteps, StateDigest } from '@calm-orch/core';

export interface Lineage {
  /** All of it, in order of computation. */
  readonly all: readonly AppliedSteps[];
  /** `samples`: the digest of what the step was computed with. */
  add(step: number, generation: number, samples: number): void;
  /** Of states on the way, in order of computation. */
  readonly digests: readonly StateDigest[];
  /** The digest of the state now; the same again changes nothing. */
  mark(digest: StateDigest): void;
  /** Another state was taken: its lineage, to be told from the beginning. */
  replace(all: readonly AppliedSteps[], digests: readonly StateDigest[]): void;
  /** What was not told yet, digests by the first of a gang alone; `anew`: it is told from the beginning. */
  take(isFirst: boolean): { readonly applied: AppliedSteps[]; readonly anew: boolean; readonly digests: StateDigest[] };
}

export function createLineage(): Lineage {
  let all: (AppliedSteps & { readonly samples: number[] })[] = [];
  let told = 0;
  let digests: StateDigest[] = [];
  let toldDigests = 0;
  return {
    get all() {
      return all;
    },
    add: (step, generation, digest) => {
      const last = all.at(-1);
      if (last?.generation === generation && last.endStep === step) {
        last.samples.push(digest);
        all[all.length - 1] = { ...last, endStep: step + 1 };
      } else all.push({ generation, firstStep: step, endStep: step + 1, samples: [digest] });
    },
    get digests() {
      return digests;
    },
    mark: (digest) => {
      if (!digests.some((each) => each.step === digest.step && each.digest === digest.digest)) digests.push(digest);
    },
    replace: (other, others) => {
      all = other.map((range) => ({ ...range, samples: [...range.samples] }));
      digests = [...others];
      told = toldDigests = 0;
    },
    take: (isFirst) => {
      const anew = told === 0;
      let known = told;
      const applied = all.flatMap(({ generation, firstStep, endStep, samples }) => {
        const skipped = Math.min(known, endStep - firstStep);
        known -= skipped;
        const first = firstStep + skipped;
        return first === endStep ? [] : [{ generation, firstStep: first, endStep, samples: samples.slice(skipped) }];
      });
      told += applied.reduce((sum, range) => sum + range.endStep - range.firstStep, 0);
      const untold = isFirst ? digests.slice(toldDigests) : [];
      toldDigests += untold.length;
      return { applied, anew, digests: untold };
    },
  };
}

/** Whole numbers below 2^32 as pairs that a float32 holds exactly, and back. */
export const inHalves = (numbers: readonly number[]): number[] => numbers.flatMap((n) => [n >>> 16, n & 0xffff]);
export const fromHalves = (halves: ArrayLike<number>): number[] =>
  Array.from({ length: halves.length / 2 }, (_, i) => halves[2 * i]! * 0x10000 + halves[2 * i + 1]!);

/** As numbers a float32 holds exactly. */
export function encodeLineage(all: readonly AppliedSteps[], digests: readonly StateDigest[]): number[] {
  return [
    digests.length,
    ...digests.flatMap(({ step, digest }) => [step, ...(digest.match(/.{4}/g) ?? []).map((hex) => parseInt(hex, 16))]),
    all.length,
    ...all.flatMap(({ generation, firstStep, endStep, samples }) => [
      generation,
      firstStep,
      endStep,
      ...inHalves(samples),
    ]),
  ];
}

/** The lineage at the head of `numbers`, and where it ends. */
export function decodeLineage(numbers: Float32Array): {
  readonly all: AppliedSteps[];
  readonly digests: StateDigest[];
  readonly end: number;
} {
  let end = 1;
  const digests = Array.from({ length: numbers[0]! }, (): StateDigest => {
    const [step, ...words] = numbers.subarray(end, (end += 9));
    return { step: step!, digest: words.map((word) => word.toString(16).padStart(4, '0')).join('') };
  });
  const all = Array.from({ length: numbers[end++]! }, () => {
    const [generation, firstStep, endStep] = numbers.subarray(end, end + 3) as unknown as [number, number, number];
    const from = end + 3;
    end = from + 2 * (endStep - firstStep);
    return { generation, firstStep, endStep, samples: fromHalves(numbers.subarray(from, end)) };
  });
  return { all, digests, end };
}
