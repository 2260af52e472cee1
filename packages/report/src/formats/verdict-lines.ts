// Verdicts in words: what became of a claim, and by what evidence.
import type { Comparison, Verdict, VerdictWord } from '../table.ts';

export interface VerdictLine {
  readonly verdict: VerdictWord;
  readonly claim: string;
  /** Of the one comparison; of several only the metric; or why there is none. */
  readonly evidence: string;
  /** Empty where there is one. */
  readonly comparisons: readonly {
    readonly than: string;
    readonly verdict: VerdictWord;
    readonly evidence: string;
  }[];
}

export function verdictLine({ claim, verdict, metric, comparisons, reason }: Verdict): VerdictLine {
  const because = reason === undefined ? '' : `; ${reason}`;
  const [only, ...others] = comparisons;
  if (only === undefined) return { claim, verdict, evidence: reason ?? 'not judged', comparisons: [] };
  if (others.length === 0)
    return { claim, verdict, evidence: `${metric} ${evidence(only, reason)}${because}`, comparisons: [] };
  return {
    claim,
    verdict,
    evidence: `${metric}, ${comparisons.length} comparisons${because}`,
    comparisons: comparisons.map((one) => {
      const p = one.p === null ? '' : `, p ${one.p < 0.001 ? '< 0.001' : one.p.toFixed(3)}`;
      return { than: one.than, verdict: one.verdict, evidence: evidence(one, reason, p) };
    }),
  };
}

/** How the verdicts are corrected for there being several. */
export function verdictNote(verdicts: readonly Verdict[]): string[] {
  const judged = verdicts.filter(({ comparisons }) => comparisons.length > 0);
  if (judged.length === 0) return [];
  const holm = judged.some(({ comparisons }) => comparisons.length > 1);
  const within = holm ? "; Holm's correction within a claim" : '';
  const across = judged.length > 1 ? `${holm ? ', none' : '; no correction'} over the ${judged.length} claims` : '';
  return [`claims: [95 % t interval over seeds and test items]${within}${across}.`];
}

function evidence(
  { verdict, difference, interval, effect, seedsToDecide }: Comparison,
  reason?: string,
  p = '',
): string {
  const paper = effect === null ? '' : `; paper ${signed(effect)}`;
  const open = verdict === 'undecided' && reason === undefined;
  const needed = seedsToDecide === null ? 'more test items, not seeds' : `about ${seedsToDecide} seeds`;
  return `${signed(difference)} [${interval.map(signed).join(', ')}]${p}${paper}${open ? `; needs ${needed}` : ''}`;
}

/** -0.000 is written +0.000: a difference that rounds to none has no sign to report. */
export function signed(difference: number): string {
  const text = difference.toFixed(3);
  return difference >= 0 || Number(text) === 0 ? `+${text.replace('-', '')}` : text;
}
