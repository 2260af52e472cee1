import { expect, test } from 'vitest';
import type { EngineMarker, MachineFacts } from '../layout.ts';
import { describeFallback, missingCandidate } from './messages.ts';

const bare: MachineFacts = { nvidia: false, pip: false, compiler: false };
const full: MachineFacts = { nvidia: true, pip: true, compiler: true };

const marker = (fields: Partial<EngineMarker>): EngineMarker => ({
  variant: 'cpu',
  source: 'wheel',
  backend: 'tensorflow',
  version: '2.20.0',
  facts: full,
  missing: [],
  files: [],
  package: '@tensorflow/tfjs-node',
  packageVersion: '4.22.0',
  ...fields,
});

test('names the tool that is missing, with the command that brings it', () => {
  const wheel = { variant: 'cpu', source: 'wheel' } as const;
  const { remedy } = missingCandidate(wheel, new Error('a C++ compiler not found'), { ...bare, pip: true });
  expect(remedy).toBe('install a C++ compiler (Debian, Ubuntu: apt-get install g++), then run `npx calm-orch doctor`');
});

test('gives the first line of what went wrong', () => {
  const entry = missingCandidate({ variant: 'gpu', source: 'wheel' }, new Error('ERROR: disk full\nmore'), full);
  expect(entry).toMatchObject({ what: 'TensorFlow 2.20.0 with CUDA', why: 'ERROR: disk full' });
});

test('says once that a machine is slower than it could be, and nothing where it is not', () => {
  const missing = [missingCandidate({ variant: 'gpu', source: 'wheel' }, new Error('no room'), full)];
  expect(describeFallback(marker({}))).toBeUndefined();
  expect(describeFallback(marker({ missing }))).toMatch(/will not use the NVIDIA GPU \(no room\); to mend it/);
  expect(describeFallback(marker({ variant: 'wasm', backend: 'wasm', missing }))).toMatch(/six times slower/);
});
