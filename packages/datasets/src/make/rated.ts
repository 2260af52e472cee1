// The datasets of rated photographs in their real formats, with the slips real files have: malformed scores, AVA's test
// images among EVA's, splits that disagree, photographs below hashed folders.
import { join } from 'node:path';
import type { DataConfig } from '@calm-orch/core';
import { aadbAttributes, aadbFiles, type AadbAttribute } from '../aadb/read.ts';
import { writeAadb } from '../aadb/write.ts';
import { evaFiles } from '../eva/read.ts';
import { writeEva, type EvaVote } from '../eva/write.ts';
import { icaa17kFiles, writeIcaa17k } from '../icaa17k/read.ts';
import { pccdAspects, pccdFiles } from '../pccd/read.ts';
import { writePccd } from '../pccd/write.ts';
import { hashedName, pexelsImages, writePexels } from '../pexels/read.ts';
import { spaqAttributes, spaqFiles, spaqScenes, writeSpaq } from '../spaq/read.ts';
import { testIdsOf } from '../catalog/layout.ts';
import { tad66kFiles } from '../tad66k/read.ts';
import { writeTad66k } from '../tad66k/write.ts';
import { idsFrom, recordOf, scoreOn, traitFor, traitOn, writePhotograph } from './photograph.ts';

/** Distance between the first ids of two datasets in the studio's unlabelled pool, beyond what any run renders. */
const stride = 1_000_000;
const [pccd, aadb, spaq, tad66k, icaa17k, pexels] = [1, 2, 3, 4, 5, 6].map((n) => n * stride) as [
  number,
  number,
  number,
  number,
  number,
  number,
];

export async function makeRated(dir: string, data: DataConfig, size: number): Promise<void> {
  await makeEva(join(dir, 'EVA'), data, size);
  await makePccd(join(dir, 'PCCD'), data, size);
  await makeAadb(join(dir, 'AADB'), data, size);
  await makeSpaq(join(dir, 'SPAQ'), data, size);
  await makeTad66k(join(dir, 'TAD66K'), data, size);
  await makeIcaa17k(join(dir, 'ICAA17K'), data, size);
  await makePexels(join(dir, 'Pexels'), data, size);
}

/** AVA's own photographs: mostly training images, the last two from its test list. */
async function makeEva(dir: string, data: DataConfig, size: number): Promise<void> {
  const testIds = testIdsOf(data);
  const isTest = new Set(testIds);
  const train = idsFrom(1, data.numTrain + data.numTest).filter((id) => !isTest.has(id));
  const ids = [...train.slice(0, size), ...testIds.slice(0, 2)];
  const votes = ids.slice(0, -1).flatMap((imageId) => {
    const record = recordOf(data, 'labeled', imageId);
    return [0, 1, 2].map((userId): EvaVote => {
      const mark = (i: number): number => Math.round(traitOn(record, traitFor(i), 1, 4));
      const score = Math.min(10, Math.round(scoreOn(record, 0, 10)) + (userId % 2));
      return { imageId, userId, score, marks: [2, mark(4), mark(5), mark(0), mark(6)] };
    });
  });
  writeEva(dir, votes, new Map(ids.map((id) => [id, (id % 6) + 1])));
  for (const id of ids) await writePhotograph(data, 'labeled', id, dir, evaFiles.images, `${id}.jpg`);
}

async function makePccd(dir: string, data: DataConfig, size: number): Promise<void> {
  const records = idsFrom(pccd, size).map((id, i) => {
    const record = recordOf(data, 'unlabeled', id);
    const scores = pccdAspects.map((_, aspect) => String(traitOn(record, traitFor(aspect), 1, 10)));
    return {
      title: `${i + 1}-studio_${i + 1}.jpg`,
      description: record.caption,
      category: 'Studio',
      texts: {
        general_impression: record.comments[0] ?? null,
        focus: i % 3 === 0 ? null : (record.comments[1] ?? null),
      },
      scores: i === 1 ? ['n/a', ...scores.slice(1)] : scores,
    };
  });
  writePccd(dir, records);
  for (const [i, { title }] of records.entries())
    await writePhotograph(data, 'unlabeled', pccd + i, dir, pccdFiles.images, title);
}

async function makeAadb(dir: string, data: DataConfig, size: number): Promise<void> {
  const splits = ['train', 'train', 'train', 'validation', 'test'] as const;
  const records = idsFrom(aadb, size).map((id, i) => {
    const record = recordOf(data, 'unlabeled', id);
    const attributes = aadbAttributes.map((name, a) => [name, traitOn(record, traitFor(a), -1, 1)] as const);
    return {
      name: `farm1_${i}_studio.jpg`,
      split: splits[i % splits.length]!,
      score: scoreOn(record, 0, 1),
      attributes: Object.fromEntries(attributes) as Record<AadbAttribute, number>,
    };
  });
  writeAadb(dir, records);
  for (const [i, { name }] of records.entries())
    await writePhotograph(data, 'unlabeled', aadb + i, dir, aadbFiles.images, name);
}

async function makeSpaq(dir: string, data: DataConfig, size: number): Promise<void> {
  const records = idsFrom(spaq, size).map((id, i) => {
    const record = recordOf(data, 'unlabeled', id);
    return {
      name: `${String(i + 1).padStart(5, '0')}.jpg`,
      mos: scoreOn(record, 0, 100),
      attributes: spaqAttributes.map((_, a) => traitOn(record, traitFor(a), 0, 100)),
      scenes: spaqScenes.map((_, s) =>
        s === i % spaqScenes.length ? 0.75 : s === (i + 1) % spaqScenes.length ? 0.25 : 0,
      ),
    };
  });
  writeSpaq(dir, records);
  for (const [i, { name }] of records.entries())
    await writePhotograph(data, 'unlabeled', spaq + i, dir, spaqFiles.images, name);
}

async function makeTad66k(dir: string, data: DataConfig, size: number): Promise<void> {
  const records = idsFrom(tad66k, size).map((id, i) => ({
    image: `${i}@N00_studio.jpg`,
    score: scoreOn(recordOf(data, 'unlabeled', id), 0, 10),
    theme: i % 2 === 0 ? 'sky' : 'still-life',
    split: i % 5 === 4 ? ('test' as const) : ('train' as const),
    ...(i === 0 && { unmergedSplit: 'test' as const }),
  }));
  writeTad66k(dir, records);
  for (const [i, { image }] of records.entries())
    await writePhotograph(data, 'unlabeled', tad66k + i, dir, tad66kFiles.images, image);
}

async function makeIcaa17k(dir: string, data: DataConfig, size: number): Promise<void> {
  const records = idsFrom(icaa17k, size).map((id, i) => {
    const record = recordOf(data, 'unlabeled', id);
    return {
      id: `${i % 2 === 0 ? 'complementary/red_green' : 'monochromatic/blue'}/${i}.jpg`,
      color: traitOn(record, 'color', 0, 10),
      mos: scoreOn(record, 0, 10),
      probability: 0.75,
      split: i % 5 === 4 ? ('test' as const) : ('train' as const),
    };
  });
  writeIcaa17k(dir, records);
  for (const [i, { id }] of records.entries())
    await writePhotograph(data, 'unlabeled', icaa17k + i, dir, icaa17kFiles.images, id);
}

/** Every other photograph lies below the folders of its name's hash. */
async function makePexels(dir: string, data: DataConfig, size: number): Promise<void> {
  const names = idsFrom(0, size).map((i) => `studio-photo-${i}.jpeg`);
  const of = (wanted: number): string[] => names.filter((_, i) => (i % 5 < 3 ? 0 : i % 5) === wanted);
  writePexels(dir, { train: of(0), validation: of(3), test: of(4) });
  for (const [i, name] of names.entries())
    await writePhotograph(data, 'unlabeled', pexels + i, dir, pexelsImages, i % 2 === 0 ? name : hashedName(name));
}
