// Where a step takes its batch from: samples of one form, each list in an order of its own.
import { sampleIds, stepOrder, type OrderedSample, type SampleList } from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import type { SampleForm } from './calm-training.ts';
import type { StageTraining } from './training-stage.ts';

export interface BatchSource {
  readonly list: SampleList;
  /** Sources of one name have one form. */
  readonly name: string;
  readonly form: SampleForm;
  /** Positions of a sample's photographs in the taps. */
  readonly rowsOf: (sample: number) => readonly number[];
  readonly inputsOf: (drawn: readonly OrderedSample[]) => Readonly<Record<string, Values>>;
}

/** What a stage's training takes from its sources; without one of them, nothing can be trained. */
export function stepsFrom(
  sources: readonly BatchSource[],
  seed: number,
  batchSize: number,
): Pick<StageTraining, 'forms' | 'lists' | 'inputsOf' | 'rowsOf'> {
  const lists = sources.map(({ list }) => list);
  const order = stepOrder(seed, lists, batchSize);
  return {
    lists,
    forms: Object.fromEntries(sources.map(({ name, form }) => [name, form])),
    inputsOf: (step) => {
      const { list, drawn } = order(step);
      const { name, inputsOf } = sources[list]!;
      return { name, inputs: inputsOf(drawn), samples: sampleIds(drawn) };
    },
    rowsOf: (step) => {
      const { list, drawn } = order(step);
      return drawn.flatMap(({ sample }) => sources[list]!.rowsOf(sample));
    },
  };
}

/** Samples that are padded to the same length. */
export interface LengthGroup<S> {
  readonly list: SampleList;
  /** Of the form. */
  readonly name: string;
  readonly length: number;
  readonly samples: readonly S[];
}

/** Samples of a list by the least of `lengths` that holds them. Where there is one length, list and form keep their names. */
export function byLength<S extends { readonly length: number }>(
  list: SampleList,
  name: string,
  samples: readonly S[],
  lengths: readonly number[],
): LengthGroup<S>[] {
  return lengths.flatMap((length, i) => {
    const own = samples.filter((sample) => {
      const fits = lengths.findIndex((other) => sample.length <= other);
      return (fits < 0 ? lengths.length - 1 : fits) === i;
    });
    if (own.length === 0) return [];
    const named = (whole: string): string => (lengths.length === 1 ? whole : `${whole}-${length}`);
    const share = (list.share * own.length) / samples.length;
    return [
      { list: { name: named(list.name), numSamples: own.length, share }, name: named(name), length, samples: own },
    ];
  });
}
