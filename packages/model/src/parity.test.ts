import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { startEngine } from '@calm-orch/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { checkParity } from './parity.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const carried = at('../fixtures/tiny-calm');
const golden = at('../../../../shared/golden/tiny-calm');
const names = [
  ...['hiddenStates', 'levels', 'answerLogits', 'loss', 'gradientNorms', 'logitsLast', 'greedy16'],
  ...['pretrainTrajectory', 'finetuneTrajectory', 'binEqualsSafetensors'],
];

const unpacked = mkdtempSync(join(tmpdir(), 'calm-orch-golden-'));
afterAll(() => rmSync(unpacked, { recursive: true, force: true }));
const files = readdirSync(carried, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.gz'))
  .map((name) => name.slice(0, -'.gz'.length));
for (const file of files) {
  mkdirSync(dirname(join(unpacked, file)), { recursive: true });
  writeFileSync(join(unpacked, file), gunzipSync(readFileSync(join(carried, `${file}.gz`))));
}

const engine = await startEngine();

describe('a CALM of PyTorch and transformers', () => {
  it('is reproduced: states, tokens, logits, loss, gradients, greedy tokens and both trajectories', () => {
    const checks = checkParity(engine, unpacked);
    expect(checks.map(({ name }) => name)).toEqual(names);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('is carried here as the references have it', ({ skip }) => {
    if (!existsSync(golden)) {
      console.log(`skipped: there is no ${golden} to compare the copy with`);
      skip();
    }
    for (const file of files)
      expect(readFileSync(join(unpacked, file)).equals(readFileSync(join(golden, file)))).toBe(true);
  });
});
