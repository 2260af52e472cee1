// A score as the words of an answer: fixed decimals, so that every score has as many tokens.
export function scoreText(score: number, decimals: number): string {
  return score.toFixed(decimals);
}
