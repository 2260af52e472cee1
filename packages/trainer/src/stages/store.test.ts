// Hidden states that are stored, and those that are computed in the step, train to the same weights.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataItems, foundationFile, programRoot, type StageContext, type TrialConfig } from '@calm-orch/core';
import { resolveTrial } from '@calm-orch/core/config';
import { writeStudioImages, writeStudioList } from '@calm-orch/datasets';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode } from './encode.ts';
import { encode as encodeKinds } from './encode.kind.ts';
import { pretrainGeneric } from './pretrain-generic.ts';
import { pretrainGeneric as pretrainGenericKind } from './pretrain-generic.kind.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-store-'));
const at = (name: string): string => join(dir, name);
const trialOf = (store: 'all' | 'none'): TrialConfig =>
  resolveTrial(
    'nano',
    {
      'encode.store': store,
      'data.numGeneric': 60,
      'data.imageSize': 80,
      'pretrainGeneric.steps': 4,
      'pretrainGeneric.batchSize': 16,
    },
    0,
  );
const context = (kind: string, config: object, inputs: Record<string, string>): StageContext => ({
  stage: { key: 'k', kind, config: JSON.parse(JSON.stringify(config)) as never },
  item: 0,
  inputs: { foundation: at('foundation'), data: at('data'), ...inputs },
  outputDir: mkdtempSync(at('output-')),
  checkpointDir: mkdtempSync(at('checkpoints-')),
  checkpointEveryMs: 1e9,
  signal: new AbortController().signal,
  report: () => {},
  now: () => 0,
});

beforeAll(async () => {
  mkdirSync(at('foundation'));
  copyFileSync(`${programRoot}assets/foundation-nano.safetensors`, join(at('foundation'), foundationFile));
  const { data } = trialOf('all');
  await writeStudioList({ part: 'generic', data, outputDir: at('data') });
  for (const item of dataItems(data, 'generic')) await writeStudioImages({ data, item, outputDir: at('data') });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('ends in the same bits', async () => {
  const [all, none] = [trialOf('all'), trialOf('none')];
  const kind = encodeKinds.find(({ variant }) => variant === 'generic')!;
  expect([kind.isNeeded!(all), kind.isNeeded!(none)]).toEqual([true, false]);
  const encoding = context('encode', kind.slice(all, {}), {});
  await encode(encoding);
  const stored = context('pretrain-generic', pretrainGenericKind.slice(all, {}), { encodeGeneric: encoding.outputDir });
  const live = context('pretrain-generic', pretrainGenericKind.slice(none, {}), {});
  expect(stored.stage.config).not.toHaveProperty('live');
  const first = await pretrainGeneric(stored);
  const second = await pretrainGeneric(live);
  expect(second.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(second.fingerprint).toBe(first.fingerprint);
  // It does depend on what is seen.
  const slice = pretrainGenericKind.slice(none, {}) as { readonly live: object };
  const other = { ...slice, live: { ...slice.live, standardizeTaps: false } };
  const changed = await pretrainGeneric(context('pretrain-generic', other, {}));
  expect(changed.fingerprint).not.toBe(first.fingerprint);
});
