// Claims that are not the paper's: of a table without its numbers, or that a row is better than a baseline. They are judged as
// the paper's are, but there is nothing that they could reproduce or contradict.
import { isClaimBaseline, type Claim } from '@calm-orch/core';
import type { Verdict, VerdictWord } from '../table.ts';

/** @param hasPaper Whether the claim's table has any number of the paper. */
export function isOwnClaim({ than, effect }: Claim, hasPaper: boolean): boolean {
  return than.some(isClaimBaseline) || (!hasPaper && effect === undefined);
}

const ownWords: Readonly<Partial<Record<VerdictWord, VerdictWord>>> = {
  reproduced: 'holds',
  'reproduced, smaller than in the paper': 'holds',
  contradicted: 'does not hold',
};

const inOwnWord = <T extends { readonly verdict: VerdictWord }>(judged: T): T => ({
  ...judged,
  verdict: ownWords[judged.verdict] ?? judged.verdict,
});

export function inOwnWords(verdict: Verdict): Verdict {
  return { ...inOwnWord(verdict), comparisons: verdict.comparisons.map(inOwnWord), own: true };
}
