// Which token comes next: the likeliest, or one drawn. What is drawn depends on the seed, the sample's name and the
// position alone, so a sample's answer is the same in whatever batch, on whatever worker.
import { CalmError, rng } from '@calm-orch/core';

export interface Sampling {
  /** 0: always the likeliest token. */
  readonly temperature: number;
  /** Draw among the fewest likeliest tokens whose probabilities sum to this (Holtzman et al. 2020). @default 1 */
  readonly topP?: number;
  readonly seed?: number;
}

export const greedy: Sampling = { temperature: 0 };

/** @throws CalmError `invalid_argument` for a negative temperature or a topP outside (0, 1]. */
export function checkSampling({ temperature, topP = 1 }: Sampling): void {
  if (!(temperature >= 0) || !Number.isFinite(temperature))
    throw new CalmError('invalid_argument', `temperature must be 0 or above (got ${temperature})`);
  if (!(topP > 0 && topP <= 1))
    throw new CalmError('invalid_argument', `topP must be above 0 and at most 1 (got ${topP})`);
}

/** The first of the largest. */
export function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** Softmax in double precision. */
export function probabilitiesOf(logits: ArrayLike<number>, temperature = 1): Float64Array {
  const max = logits[likeliest(logits)]!;
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - max) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** The next token of sample `id` at `position` (0-based, in the answer). */
export function chooseToken(logits: ArrayLike<number>, sampling: Sampling, id: string, position: number): number {
  const { temperature, topP = 1, seed = 0 } = sampling;
  if (temperature === 0) return likeliest(logits);
  const probabilities = probabilitiesOf(logits, temperature);
  // Equal probabilities in the order of their ids.
  const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  let kept = 0;
  let mass = 0;
  while (kept < order.length && mass < topP) mass += probabilities[order[kept++]!]!;
  let left = rng(seed, 'generate', id, position).uniform() * mass;
  const chosen = order.slice(0, kept).find((token) => (left -= probabilities[token]!) < 0);
  return chosen ?? order[kept - 1]!;
}
