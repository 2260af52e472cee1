import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { planExperiment } from '@calm-orch/coordinator';
import { loadExperiment } from '@calm-orch/core/config';
import { stageKinds } from '../run/stage-kinds.ts';
import { byteSize } from '../views/format.ts';
import { checkDisk } from './disk.ts';

const path = fileURLToPath(new URL('../../../../experiments/scoring.yaml', import.meta.url));

function planned(store: string) {
  const experiment = loadExperiment(path, { preset: 'paper', set: [`encode.store=${store}`] });
  const plan = planExperiment(experiment, {
    kinds: stageKinds,
    code: (kind) => kind,
    engine: null,
    foundation: () => ({ key: 'f'.repeat(64), file: '' }),
    files: () => null,
  });
  return { experiment, plan };
}
const check = (store: string, free: number, isDone: (kind: string) => boolean = () => false) => {
  const { experiment, plan } = planned(store);
  const kindOf = new Map(plan.stages.map(({ key, kind }) => [key, kind]));
  return checkDisk(
    plan,
    experiment,
    (key) => isDone(kindOf.get(key)!),
    '/runs',
    () => free,
  );
};

test('a disk that is too small is told before anything starts, with what is needed, what is free and what to do', async () => {
  await expect(check('all', 2e12)).rejects.toMatchObject({
    code: 'io',
    message: expect.stringMatching(
      /^\/runs: the stages that are left write at least [\d.]+ TB \([\d.]+ TB of hidden states, [\d.]+ GB of weights, [\d.]+ GB of checkpoints of one stage\), 2\.00 TB are free: .*--set encode\.store=none.*--dir/,
    ) as string,
  });
  await check('all', 1e15);
});

test('hidden states that are not stored, and stages that are done, need no room', async () => {
  await check('none', 2e12);
  await check('all', 2e12, (kind) => kind === 'encode');
  const tooLittle = check('none', 1e9);
  await expect(tooLittle).rejects.toThrow(/1\.00 GB are free: name a folder/);
  await expect(tooLittle).rejects.not.toThrow(/encode\.store/);
});

test('sizes are read at a glance', () => {
  expect([25_000, 49.4e6, 999.6e6, 48.5e12, 312e9].map(byteSize)).toEqual([
    '0.0250 MB',
    '49.4 MB',
    '1.00 GB',
    '48.5 TB',
    '312 GB',
  ]);
});
