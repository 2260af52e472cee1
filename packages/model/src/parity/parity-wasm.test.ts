// In a file of its own, which is a process of its own: a process has one back end.
import { startEngine } from '@calm-orch/engine';
import { expect, it } from 'vitest';
import { checkNames, unpackGolden } from './carried-golden.test-util.ts';
import { checkParity } from './parity.ts';

const references = (['tiny-calm', 'tiny-gqa'] as const).map((name) => ({ name, ...unpackGolden(name) }));

it.each(references)(
  'WebAssembly reproduces $name within 1e-3: forward, gradients, training, generation',
  async ({ name, dir }) => {
    const engine = await startEngine({ backend: 'wasm' });
    expect(engine.node).toBeUndefined();
    const checks = checkParity(engine, dir);
    expect(checks.map(({ name }) => name)).toEqual(checkNames(name));
    expect(checks.filter(({ ok, tolerance }) => !ok || tolerance > 1e-3)).toEqual([]);
  },
);
