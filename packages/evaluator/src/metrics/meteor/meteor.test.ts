import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { meteor, meteorName, type MeteorItem } from './meteor.ts';
import { meteorTokens } from './normalize.ts';
import { createSynonyms } from './synonyms.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url), 'utf8'));
const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

interface Golden {
  readonly items: readonly MeteorItem[];
  readonly corpus: number;
  readonly perItem: readonly number[];
}

function comments(): Golden {
  const { items, corpus, perItem } = fixture('captions.json') as {
    items: { referenceTokens: string[]; candidateTokens: string }[];
    corpus: { METEOR: number };
    perItem: { METEOR: number[] };
  };
  return {
    items: items.map((item) => ({
      references: item.referenceTokens.map(words),
      candidate: words(item.candidateTokens),
    })),
    corpus: corpus.METEOR,
    perItem: perItem.METEOR,
  };
}

function coco(): Golden {
  const { corpus, perImage, tokenized } = fixture('fakecap200_pycocoevalcap_golden.json') as {
    corpus: { METEOR: number };
    perImage: Record<string, { METEOR: number }>;
    tokenized: Record<string, { refs: string[]; hyp: string }>;
  };
  return {
    items: Object.values(tokenized).map(({ refs, hyp }) => ({ references: refs.map(words), candidate: words(hyp) })),
    corpus: corpus.METEOR,
    perItem: Object.keys(tokenized).map((id) => perImage[id]!.METEOR),
  };
}

const official = process.env['CALM_ORCH_METEOR'];

describe.each([
  ['photograph comments', comments()],
  ['COCO captions', coco()],
])('METEOR on %s', (_, golden) => {
  it('is within 0.02 of the original without any of its resources', async () => {
    const { corpus, modules } = await meteor(golden.items);
    expect(modules).toEqual(['exact', 'stem']);
    expect(Math.abs(corpus! - golden.corpus)).toBeLessThanOrEqual(0.02);
  });

  it.skipIf(official === undefined)(
    'is within 0.005 of the original, corpus and items, with its word lists and paraphrases (CALM_ORCH_METEOR)',
    { timeout: 120_000 },
    async () => {
      const { corpus, perItem, modules } = await meteor(golden.items, { meteorDir: official });
      expect(meteorName(modules)).toBe('METEOR');
      expect(Math.abs(corpus! - golden.corpus)).toBeLessThanOrEqual(0.005);
      perItem.forEach((score, i) =>
        expect(Math.abs(score - golden.perItem[i]!), `item ${i}`).toBeLessThanOrEqual(0.005),
      );
    },
  );
});

describe('meteor', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'calm-orch-meteor-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const score = async (reference: string, candidate: string, sources = {}): Promise<number> =>
    (await meteor([{ references: [words(reference)], candidate: words(candidate) }], sources)).corpus!;

  it('is 1 for the reference itself, 0 for nothing in common, and null for no items', async () => {
    expect(await score('a sharp photo of a tree', 'a sharp photo of a tree')).toBe(1);
    expect(await score('a sharp photo', 'tree')).toBe(0);
    expect(await score('a sharp photo', '')).toBe(0);
    expect((await meteor([])).corpus).toBeNull();
  });

  it('gives a stem 0.6 of a word, and punishes matches out of order', async () => {
    expect(await score('lights', 'light')).toBeCloseTo(0.6, 12);
    expect(await score('big green tree', 'tree green big')).toBeLessThan(
      await score('big green tree', 'big green trees'),
    );
  });

  it('takes the best of several references', async () => {
    const references = ['an old barn', 'a red tree'].map(words);
    expect((await meteor([{ references, candidate: words('a red tree') }])).corpus).toBe(1);
  });

  it('finds synonyms in a WordNet folder, through inflections too', async () => {
    const index = { noun: 'photo n 1 0 1 0 00000042\npicture n 1 0 1 0 00000042\ngoose n 1 0 1 0 00000007\n' };
    for (const part of ['noun', 'verb', 'adj', 'adv']) {
      writeFileSync(join(dir, `index.${part}`), `  1 licence\n${part === 'noun' ? index.noun : ''}`);
    }
    writeFileSync(join(dir, 'noun.exc'), 'geese goose\n');
    expect(await score('pictures', 'photos', { wordNetDir: dir })).toBeCloseTo(0.8, 12);
    expect(await score('geese', 'goose', { wordNetDir: dir })).toBeCloseTo(0.8, 12);
    await expect(score('a', 'a', { wordNetDir: join(dir, 'none') })).rejects.toThrow(/cannot read the folder .*none/);
  });

  it('uses a paraphrase table that has been downloaded', async () => {
    mkdirSync(join(dir, 'data'));
    const path = join(dir, 'data', 'paraphrase-en.gz');
    writeFileSync(path, gzipSync('0.5\nout of focus\nblurry\n0.1\nwell composed\nbalanced\n'));
    const { corpus, modules } = await meteor(
      [{ references: [words('tree out of focus')], candidate: words('blurry') }],
      { meteorDir: dir },
    );
    expect(modules).toEqual(['exact', 'stem', 'paraphrase']);
    expect(corpus).toBeGreaterThan(0);
    writeFileSync(path, gzipSync('nonsense\nx\ny\n'));
    await expect(score('a', 'a', { meteorDir: dir })).rejects.toThrow(/line 1: expected a probability, got nonsense/);
    writeFileSync(path, 'no archive');
    await expect(score('a', 'a', { meteorDir: dir })).rejects.toThrow(/cannot read METEOR's paraphrase table/);
    await expect(score('a', 'a', { meteorDir: join(dir, 'none') })).rejects.toThrow(/neither meteor-1.5.jar nor/);
  });

  it('names an archive that is not METEOR', async () => {
    writeFileSync(join(dir, 'meteor-1.5.jar'), 'no archive');
    await expect(score('a', 'a', { meteorDir: dir })).rejects.toThrow(/meteor-1.5.jar cannot be read as an archive/);
  });

  it('scores long texts of repeated words in bounded time', async () => {
    const long = Array.from({ length: 200 }, (_, i) => ['the', 'a', 'light'][i % 3]!);
    const started = process.cpuUsage();
    await meteor([{ references: [long], candidate: [...long].reverse() }]);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(10_000);
  });
});

describe('meteorTokens', () => {
  it('cuts as the original does', () => {
    expect(meteorTokens("f/2 .8 isn 't close-up at p.m. vs. 5").join(' ')).toBe(
      "f / 2 .8 isn ' t close up at pm vs. 5",
    );
    expect(meteorTokens("is n't ;--rrb- 1,000 a,b etc.").join(' ')).toBe("is n 't ; -rrb- 1,000 a , b etc .");
    expect(meteorTokens('  ')).toEqual([]);
  });
});

describe('createSynonyms', () => {
  it('takes the first plain form that is a word, and the word itself as well', () => {
    const synonyms = createSynonyms(
      new Map([
        ['care', [1]],
        ['car', [2]],
        ['automobile', [2]],
        ['caring', [3]],
        ['kind', [3]],
        ['tend', [1]],
      ]),
      new Map(),
    );
    expect(synonyms.areSynonyms('caring', 'kind')).toBe(true);
    expect(synonyms.areSynonyms('caring', 'tend')).toBe(true);
    expect(synonyms.areSynonyms('caring', 'automobile')).toBe(false);
    expect(synonyms.areSynonyms('cars', 'automobile')).toBe(true);
  });
});
