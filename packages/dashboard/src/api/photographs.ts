// What the page is told of a trial's photographs. A picture is asked for at `/api/runs/{run}/pictures/{stage}/{index}`.
import { z } from 'zod';

const trial = { row: z.string().max(200), seed: z.coerce.number().int() };
const page = {
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(500).default(100),
};

/** The stage that lists it, and its place in that list. */
export const picture = z.object({ stage: z.string(), index: z.number().int() });
export type Picture = z.infer<typeof picture>;

export const photographSorts = ['error', 'target', 'prediction', 'id'] as const;

export const photographsQuery = z.object({
  ...trial,
  ...page,
  /** By what; those without it come last. */
  sort: z.enum(photographSorts).default('error'),
  order: z.enum(['ascending', 'descending']).default('descending'),
  /** This one alone. */
  id: z.string().max(1000).optional(),
});

/** A photograph that the trial was tested on; what was not asked about it is null. */
export const testPhotograph = z.object({
  id: z.string(),
  /** null: it is not there any more. */
  picture: picture.nullable(),
  /** Mean of people's scores and the score predicted, 1 to 10. */
  target: z.number().nullable(),
  prediction: z.number().nullable(),
  /** What the model answered when it was asked for a score. */
  answer: z.string().nullable(),
  comment: z.string().nullable(),
  /** Comments by people. */
  references: z.array(z.string()).readonly(),
});
export type TestPhotograph = z.infer<typeof testPhotograph>;

export const photographsAnswer = z.object({ total: z.number().int(), photographs: z.array(testPhotograph) });
export type PhotographsAnswer = z.infer<typeof photographsAnswer>;

export const residualsQuery = z.object(trial);
/** All that have a prediction. */
export const residualsAnswer = z.object({
  points: z.array(z.tuple([z.string(), z.number(), z.number()])),
});
/** `[id, target, prediction]` each. */
export type ResidualsAnswer = z.infer<typeof residualsAnswer>;

export const suggestionsQuery = z.object({ ...trial, ...page });
export const suggestion = z.object({
  photo: z.string(),
  crop: z.number().int(),
  degradation: z.string(),
  answer: z.string(),
  /** Whether the judge finds the degradation named in the answer; null: it did not say. */
  right: z.boolean().nullable(),
  /** The same of the words alone. */
  keywords: z.boolean(),
  picture: picture.nullable(),
  /** Without the degradation. */
  original: picture.nullable(),
});
export type Suggestion = z.infer<typeof suggestion>;
export const suggestionsAnswer = z.object({
  total: z.number().int(),
  /** `keywords`, or a language model. */
  judge: z.string(),
  suggestions: z.array(suggestion),
});
export type SuggestionsAnswer = z.infer<typeof suggestionsAnswer>;

export const pairsQuery = z.object({ ...trial, ...page });
export const augmentedPair = z.object({
  /** Of the photograph, and of its copy among its copies. */
  index: z.number().int(),
  draw: z.number().int(),
  groups: z.array(z.string()).readonly(),
  /** Of the copy alone; of the pair, the copy first or second. */
  sentences: z.object({
    single: z.array(z.string()).readonly(),
    augmentedFirst: z.array(z.string()).readonly(),
    augmentedSecond: z.array(z.string()).readonly(),
  }),
  original: picture.nullable(),
  augmented: picture,
});
export type AugmentedPair = z.infer<typeof augmentedPair>;
export const pairsAnswer = z.object({ total: z.number().int(), pairs: z.array(augmentedPair) });
export type PairsAnswer = z.infer<typeof pairsAnswer>;
