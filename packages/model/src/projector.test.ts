// LLaVA-1.5's two-layer projection beside PyTorch's (fixtures/projector), forward and backward.
import { readFileSync } from 'node:fs';
import { startEngine } from '@calm-orch/engine';
import { expect, it } from 'vitest';
import { thematicTokens } from './calm/mfam.ts';
import { difference, gradientsOf, tokensOf, type TokensOf } from './calm/tokens.test-util.ts';

interface Rows {
  readonly shape: number[];
  readonly data: number[];
}
interface Golden {
  readonly weights: Readonly<Record<string, Rows>>;
  readonly states: Rows;
  readonly pull: Rows;
  readonly tokens: Rows;
  readonly gradients: Readonly<Record<string, Rows>>;
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/projector/golden.json', import.meta.url), 'utf8'),
) as Golden;
const numbers = ({ shape, data }: Rows) => ({ shape, values: Float32Array.from(data) });
const weights = Object.fromEntries(Object.entries(golden.weights).map(([key, rows]) => [key, numbers(rows)]));
const [states, pull] = [numbers(golden.states), numbers(golden.pull)];
const thematic: TokensOf = (parameters, states) => thematicTokens(parameters, { projector: 'mlp2x_gelu' }, states);
const engine = await startEngine();

it('gives the tokens of nn.Sequential(Linear, GELU, Linear), without the CLS token', () => {
  expect(difference(tokensOf(engine, weights, states, thematic), golden.tokens.data)).toBeLessThan(1e-5);
});

it('gives its gradients', () => {
  const gradients = gradientsOf(engine, weights, states, pull, thematic);
  expect(Object.keys(gradients)).toEqual(Object.keys(golden.gradients));
  for (const [key, { data }] of Object.entries(golden.gradients))
    expect(difference(gradients[key]!.values, data), key).toBeLessThan(2e-5);
});
