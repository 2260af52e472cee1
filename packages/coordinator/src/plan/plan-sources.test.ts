import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nano, type StageDefinition } from '@calm-orch/core';
import { planSources } from './plan-sources.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-sources-'));
  writeFileSync(join(dir, 'stage.js'), 'export const stage = () => {};\n');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const kind = (): StageDefinition => ({
  kind: 'data',
  role: 'augmentor',
  carriedFolder: join(dir, 'carried'),
  slice: ({ data }) => ({ data }),
  cost: () => 1,
  load: () => Promise.reject(new Error('nothing is computed here')),
});
const sources = () =>
  planSources({
    kinds: [kind()],
    stageEntry: () => join(dir, 'stage.js'),
    engine: null,
    datasetIdentity: () => ({ identity: 'labels and images', note: 'AVA: a note' }),
    photosIdentity: () => ({ identity: 'photographs', note: null }),
  });

it('a carried folder counts by what it holds, through links; what is no data or unreadable changes nothing and is named', async () => {
  const carried = join(dir, 'carried');
  mkdirSync(carried);
  writeFileSync(join(dir, 'one.jpg'), 'one');
  symlinkSync('../one.jpg', join(carried, 'a.jpg'));
  const filesOf = async (data: Partial<typeof nano.data> = {}) => {
    const { files, notes } = await sources();
    return { files: files(kind(), { data: { ...nano.data, ...data } }), notes: notes!() };
  };
  const before = await filesOf();
  writeFileSync(join(carried, '.DS_Store'), 'x');
  symlinkSync('loop', join(carried, 'loop'));
  expect(await filesOf()).toEqual({
    files: before.files,
    notes: [`${carried}: 1 entry is left out: loop (links to itself)`],
  });
  writeFileSync(join(dir, 'one.jpg'), 'two');
  expect((await filesOf()).files).not.toEqual(before.files);
  expect(await filesOf({ source: 'files', roots: { AVA: '/a', PCCD: '/a' } })).toEqual({
    files: { AVA: 'labels and images', PCCD: 'labels and images' },
    notes: ['AVA: a note'],
  });
});
