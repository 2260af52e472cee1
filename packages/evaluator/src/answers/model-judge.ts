// Whether suggestions speak of what was done to photographs, by a language model's judgement, as the paper has it from
// GPT-3.5 (its question is not known). It is told the fault and the suggestion; no photograph leaves this machine.
import { CalmError } from '@calm-orch/core';
import type { DegradationName } from '@calm-orch/datasets';
import {
  atOnce,
  rememberedAnswers,
  withLanguageModel,
  type LanguageModelOptions,
} from '@calm-orch/datasets/language-model';

export interface Judgement {
  readonly degradation: DegradationName;
  readonly answer: string;
}

export interface Verdicts {
  /** null: the model said neither yes nor no, twice, or nothing. */
  readonly verdictOf: (judgement: Judgement) => boolean | null;
  /** US dollars, by the prices of the configuration. */
  readonly usd: number;
}

const faults: Readonly<Record<DegradationName, string>> = {
  noise: 'it is noisy or grainy',
  blur: 'it is blurred, by motion or by a wrong focus',
  darker: 'it is too dark',
  brighter: 'it is too bright',
  dull: 'its colors are dull, of too little saturation',
  crop: 'it is cropped badly, so that the subject is cut off or framed poorly',
};
const systemOf = (degradation: DegradationName): string =>
  `A photograph has this fault: ${faults[degradation]}. You are given what somebody suggested to improve it. Does the ` +
  'suggestion name this fault, or advise something that remedies it? Other suggestions beside do not matter. Praise, ' +
  'denial of the fault and the opposite remedy do not count. Answer with yes or no alone.';

const setting = 'evaluate.judge: openai';
/** Answers that are neither yes nor no are asked for once more. */
const numTries = 2;

/**
 * Judges every different (degradation, suggestion) once.
 * @throws CalmError `invalid_config`, `refused` (also where the budget ends before the judgements), `cancelled`; answers that
 * came before are in the cache.
 */
export function modelVerdicts(
  judgements: readonly Judgement[],
  options: Omit<LanguageModelOptions, 'setting'>,
): Promise<Verdicts> {
  const { config } = options;
  const keyOf = ({ degradation, answer }: Judgement): string => `${degradation} ${answer}`;
  const different = [...new Map(judgements.map((one) => [keyOf(one), one])).values()];
  return withLanguageModel({ ...options, setting }, async ({ ask, cache }) => {
    const answerTo = rememberedAnswers({ config, setting, cache, ask });
    const verdicts = await atOnce(different, config.concurrency, async ({ degradation, answer }) => {
      for (let attempt = 0; attempt < numTries; attempt++) {
        const said = await answerTo({ system: systemOf(degradation), user: answer }, attempt);
        if ('failed' in said) {
          if (said.failed === 'none') return null;
          throw new CalmError(
            'refused',
            `${setting}: ${said.reason} before all of ${different.length} suggestions were judged: raise openai.maxUsd and resume; answers so far are kept`,
          );
        }
        const verdict = verdictIn(said.text);
        if (verdict !== null) return verdict;
      }
      return null;
    });
    const known = new Map(different.map((one, i) => [keyOf(one), verdicts[i]!]));
    return { verdictOf: (one) => known.get(keyOf(one)) ?? null, usd: ask.usd() };
  });
}

/** "Yes.", "**No**, it praises the colors." */
function verdictIn(text: string): boolean | null {
  const [, word] = /^\W*(yes|no)\b/i.exec(text) ?? [];
  return word === undefined ? null : word.toLowerCase() === 'yes';
}
