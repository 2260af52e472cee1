// Steps of training from epochs: an epoch sees every sample of a stage once, so the counts of the data and the batch say
// how many steps it has. Counts are the configured ones; where a dataset holds less, the steps stay and its samples come
// round more often.
import type { TrialConfig } from './schema.ts';

type Counted = Omit<TrialConfig, 'seed' | 'preset'>;

/** Samples of an epoch. */
const samplesOfEpoch = {
  pretrainSsl: ({ data, augment }: Counted) => data.numUnlabeled * augment.draws,
  pretrainGeneric: ({ data }: Counted) => data.numGeneric,
  // A photograph is one sample, with another of its comments each epoch.
  finetuneComment: ({ data, comments }: Counted) => Math.min(comments.numPhotographs, data.numTrain),
  finetuneScore: ({ data }: Counted) => data.numTrain,
  // As many as the training annotators' ratings.
  finetunePersonal: ({ personal: { train } }: Counted) => train.annotators * train.ratings,
} as const;

export const trainingStages = Object.keys(samplesOfEpoch) as (keyof typeof samplesOfEpoch)[];

/** The same with `steps` counted wherever `epochs` are given. */
export function withSteps<T extends Counted>(config: T): T {
  const counted = trainingStages.map((stage) => {
    const { epochs, batchSize } = config[stage];
    if (epochs === undefined) return [stage, config[stage]];
    const steps = Math.ceil((epochs * samplesOfEpoch[stage](config)) / batchSize);
    return [stage, { ...config[stage], steps }];
  });
  return { ...config, ...(Object.fromEntries(counted) as Pick<T, (typeof trainingStages)[number]>) };
}

/** The same with steps alone: what a trial is computed from, whichever way its steps were written. */
export function withStepsOnly<T extends Counted>(config: T): T {
  const counted = trainingStages.map((stage) => {
    const { epochs: _, ...budget } = withSteps(config)[stage];
    return [stage, budget];
  });
  return { ...config, ...(Object.fromEntries(counted) as Pick<T, (typeof trainingStages)[number]>) };
}
