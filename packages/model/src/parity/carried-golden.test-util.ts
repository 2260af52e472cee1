// The golden references carried in fixtures/, packed with gzip; unpacked where a test can read them.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll } from 'vitest';

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** Unpacks one until the tests of the calling file have ended. */
export function unpackGolden(name: 'tiny-calm' | 'tiny-gqa'): { readonly dir: string; readonly files: string[] } {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-golden-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const files = readdirSync(join(fixtures, name), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.gz'))
    .map((path) => path.slice(0, -'.gz'.length));
  for (const file of files) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), gunzipSync(readFileSync(join(fixtures, name, `${file}.gz`))));
  }
  return { dir, files };
}

/** Every check there is, in its order; those of whole tensors where the reference has them. */
export const checkNames = (name: 'tiny-calm' | 'tiny-gqa'): string[] => {
  const whole = (...names: string[]): string[] => (name === 'tiny-gqa' ? names : []);
  return [
    'hiddenStates',
    'levels',
    'answerLogits',
    'loss',
    'gradientNorms',
    ...whole('gradients'),
    'logitsLast',
    'greedy16',
    'pretrainTrajectory',
    ...whole('pretrainWeights'),
    'finetuneTrajectory',
    ...whole('finetuneWeights'),
    'binEqualsSafetensors',
  ];
};
