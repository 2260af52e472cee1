import { existsSync } from 'node:fs';
import { resolveTrial } from '@calm-orch/core/config';
import { expect, test } from 'vitest';
import { stageEntry, stageKinds } from './stage-kinds.ts';

const nano = resolveTrial('nano', [], 0);
const itemsOf = (kind: string, variant?: string) =>
  stageKinds.find((each) => each.kind === kind && each.variant === variant)!.numItems?.(nano) ?? 1;

test('photographs are leased in items of hundreds, a training stage whole', () => {
  expect(itemsOf('augment')).toBe(8);
  expect(itemsOf('encode', 'labeled')).toBe(9);
  expect(itemsOf('encode', 'ssl')).toBe(8);
  expect(itemsOf('finetune-score')).toBe(1);
});

test('every kind has code of its own and reads what another kind makes', async () => {
  const names = stageKinds.map(({ kind, variant }) => (variant === undefined ? kind : `${kind} ${variant}`));
  expect(new Set(names).size).toBe(names.length);
  for (const definition of stageKinds) {
    expect(existsSync(stageEntry(definition)), definition.kind).toBe(true);
    expect(names).toEqual(expect.arrayContaining(Object.values(definition.inputs ?? {})));
    expect(await definition.load()).toBeTypeOf('function');
  }
});

test('how trainers share a stage and when they save is in no slice, how they compute is', () => {
  const slicesWith = (train: Partial<typeof nano.train>): string =>
    JSON.stringify(stageKinds.map(({ slice }) => slice({ ...nano, train: { ...nano.train, ...train } }, {})));
  const sharing = { optimizer: 'partitioned', exchange: 'collective' } as const;
  expect(slicesWith({ ...sharing, checkpointEverySeconds: 1, keepCheckpoints: 3 })).toBe(slicesWith({}));
  expect(slicesWith({ accumulation: 2 })).not.toBe(slicesWith({}));
});
