// A score as the words of an answer.
import type { TrialConfig } from '@calm-orch/core';
import { levelWordOf } from '@calm-orch/datasets';

type ScoreAnswers = Pick<TrialConfig, 'scoreAnswer' | 'scorePrefix' | 'scoreDecimals'>;

/** Fixed decimals, so that every score has as many tokens. */
export function scoreText(score: number, decimals: number): string {
  return score.toFixed(decimals);
}

/** The answer for each score: the prefix, then the number, or the word of its level within the range of all `scores`. */
export function scoreAnswers(scores: readonly number[], config: ScoreAnswers): string[] {
  const { scoreAnswer, scorePrefix, scoreDecimals } = config;
  const range = scores.reduce(({ min, max }, score) => ({ min: Math.min(min, score), max: Math.max(max, score) }), {
    min: Infinity,
    max: -Infinity,
  });
  return scores.map((score) => {
    const answer = scoreAnswer === 'level' ? levelWordOf(score, range) : scoreText(score, scoreDecimals);
    return scorePrefix === '' ? answer : `${scorePrefix} ${answer}`;
  });
}
