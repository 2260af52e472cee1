// The metrics of suggestions: what stage `evaluate-suggest` gives, as a function of the answers and of what a judge says of
// each. Chance is the same judge on answers dealt to other degradations: its expectation, not one deal.
import { degradationNames, type DegradationName } from '@calm-orch/datasets';
import { keywordJudge } from '../answers/suggestion-judge.ts';
import { agreementOf } from '../metrics/agreement.ts';

export interface Suggested {
  readonly photo: string;
  readonly crop: number;
  readonly degradation: DegradationName;
  readonly answer: string;
}

/** What a language model says of an answer for each degradation; null: neither yes nor no. */
export type ModelVerdicts = Readonly<Record<DegradationName, boolean | null>>;

/** suggestions.json. */
export interface SuggestionsFile {
  /** `keywords`, or the language model's name. */
  readonly judge: string;
  readonly items: readonly (Suggested & { readonly right: boolean; readonly verdicts?: ModelVerdicts })[];
  /** Where a language model judges. */
  readonly unjudged?: readonly (Suggested & { readonly verdicts?: ModelVerdicts })[];
  /** The keyword judge's verdicts on all answers, where a language model judges. */
  readonly keywords?: readonly boolean[];
}

/** @param verdicts Of a language model, in the order of the answers; null: keywords judge. */
export function judgedSuggestions(
  answers: readonly Suggested[],
  judge: string,
  verdicts: readonly ModelVerdicts[] | null,
): SuggestionsFile {
  const judged = answers.map((one, i) => {
    if (verdicts === null) return { ...one, right: keywordJudge(one.degradation, one.answer) };
    return { ...one, right: verdicts[i]![one.degradation], verdicts: verdicts[i]! };
  });
  const items = judged.flatMap((one) => (one.right === null ? [] : [{ ...one, right: one.right }]));
  if (verdicts === null) return { judge, items };
  const unjudged = judged.flatMap(({ right, ...one }) => (right === null ? [one] : []));
  return { judge, items, unjudged, keywords: answers.map((one) => keywordJudge(one.degradation, one.answer)) };
}

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const meanOf = (of: (name: DegradationName) => number): number => mean(degradationNames.map(of));

/** Accuracies, what chance gives, how far above it the answers are; both judges beside each other where a model judges. */
export function suggestionMetrics({ judge, items, unjudged = [] }: SuggestionsFile): Record<string, number | null> {
  const answers = [...items, ...unjudged];
  const isModel = judge !== 'keywords';
  const verdictOf = (degradation: DegradationName, { answer, verdicts }: (typeof answers)[number]): boolean | null =>
    isModel ? verdicts![degradation] : keywordJudge(degradation, answer);
  const metrics: Record<string, number> = {};
  for (const name of degradationNames) {
    metrics[name] = share(items.filter(({ degradation }) => degradation === name).map(({ right }) => right));
    metrics[`${name}_chance`] = share(answers.map((one) => verdictOf(name, one)).filter((verdict) => verdict !== null));
  }
  const gains = items.map(({ degradation, right }) => Number(right) - metrics[`${degradation}_chance`]!);
  const gain = mean(gains);
  const error = Math.sqrt(mean(gains.map((one) => (one - gain) ** 2)) / (gains.length - 1));
  return {
    ...metrics,
    average: meanOf((name) => metrics[name]!),
    average_chance: meanOf((name) => metrics[`${name}_chance`]!),
    standardErrorsAboveChance: error === 0 ? 0 : gain / error,
    numAnswers: items.length,
    ...(isModel && compareJudges(answers, verdictOf)),
  };
}

/** The keyword judge's accuracies beside the model's, and how far the two agree about all pairs the model judged. */
function compareJudges<T extends Suggested>(
  answers: readonly T[],
  verdictOf: (degradation: DegradationName, one: T) => boolean | null,
): Record<string, number | null> {
  const both = degradationNames.flatMap((degradation) =>
    answers.flatMap((one) => {
      const verdict = verdictOf(degradation, one);
      return verdict === null
        ? []
        : [{ degradation, verdicts: [keywordJudge(degradation, one.answer), verdict] as const }];
    }),
  );
  const metrics: Record<string, number | null> = {};
  const keywords = (name: DegradationName): number =>
    share(answers.filter((one) => one.degradation === name).map((one) => keywordJudge(name, one.answer)));
  for (const name of degradationNames) {
    const own = both.filter(({ degradation }) => degradation === name).map((one) => one.verdicts);
    const { share: equal, kappa } = agreementOf(own);
    metrics[`${name}_keywords`] = keywords(name);
    metrics[`${name}_agreement`] = equal;
    metrics[`${name}_kappa`] = kappa;
  }
  const all = agreementOf(both.map((one) => one.verdicts));
  return {
    ...metrics,
    average_keywords: meanOf(keywords),
    average_agreement: all.share,
    average_kappa: all.kappa,
    numUnjudged: degradationNames.length * answers.length - both.length,
  };
}

export const suggestionsText = (file: SuggestionsFile): string => `${JSON.stringify(file, null, 1)}\n`;
