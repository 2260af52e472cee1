import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEngine } from '@calm-orch/engine';
import { describe, expect, it } from 'vitest';
import { checkNames, unpackGolden } from './carried-golden.test-util.ts';
import { checkParity } from './parity.ts';

const golden = fileURLToPath(new URL('../../../../../shared/golden/tiny-calm', import.meta.url));
const carried = unpackGolden('tiny-calm');
const grouped = unpackGolden('tiny-gqa');
const engine = await startEngine();

describe('a CALM of PyTorch and transformers', () => {
  it('is reproduced: states, tokens, logits, loss, gradients, greedy tokens and both trajectories', () => {
    const checks = checkParity(engine, carried.dir);
    expect(checks.map(({ name }) => name)).toEqual(checkNames('tiny-calm'));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('is reproduced to every value with grouped keys and values, cross-attention in every layer and files of bfloat16', () => {
    const checks = checkParity(engine, grouped.dir);
    expect(checks.map(({ name }) => name)).toEqual(checkNames('tiny-gqa'));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('is carried here as the references have it', ({ skip }) => {
    if (!existsSync(golden)) {
      console.log(`skipped: there is no ${golden} to compare the copy with`);
      skip();
    }
    for (const file of carried.files)
      expect(readFileSync(join(carried.dir, file)).equals(readFileSync(join(golden, file)))).toBe(true);
  });
});
