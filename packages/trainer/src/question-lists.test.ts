import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nano } from '@calm-orch/core';
import { openLanguage } from '@calm-orch/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { questionLists } from './question-lists.ts';

const words = ['which', 'photo', 'one', 'two', 'three', '.'];
const language = openLanguage({ llm: { vocabSize: 64 }, template: 'nano', tokenizerDir: undefined, words });
const rowOf = new Map([
  ['/a.jpg', 4],
  ['/é.jpg', 7],
]);
const one = { question: 'which photo', answer: 'one .' };
const long = { question: 'which photo which photo which photo', answer: 'two .' };
const lines = [
  { set: 'words', id: 'w0', photos: ['/é.jpg'], conversations: [[one], [one, one], [long]] },
  { set: 'words', id: 'w1', photos: ['/a.jpg'], conversations: [[long]] },
  { set: 'words', id: 'w2', photos: ['/not-encoded.jpg'], conversations: [[one]] },
  {
    set: 'comparisons',
    id: 'c0',
    photos: ['/é.jpg', '/a.jpg'],
    conversations: [[{ question: 'which', answer: 'two .' }]],
  },
  { set: 'comparisons', id: 'c1', photos: ['/a.jpg', '/not-encoded.jpg'], conversations: [[one]] },
  { set: 'coco', id: 'm0', photos: ['/a.jpg'], conversations: [[one]] },
];

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-lists-'));
  mkdirSync(join(dir, 'catalog'));
  // In two files, as many are.
  const write = (name: string, some: typeof lines): void =>
    writeFileSync(join(dir, 'catalog', name), some.map((line) => `${JSON.stringify(line)}\n`).join(''));
  write('asked-000000000.jsonl', lines.slice(0, 2));
  write('asked-000000002.jsonl', lines.slice(2));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('questions become a list a set, of photographs that are encoded, as many steps as samples unless the mix says otherwise', () => {
  const mix = { ...nano.questions.mix, comparisons: 0.5, coco: 0 };
  const lists = questionLists(dir, rowOf, 3, language, mix, 6);
  expect(
    lists.map(({ name, share, samples }) => [name, share, samples.map(({ rows, length }) => [rows, length])]),
  ).toEqual([
    // Of the first the long question leaves no room for an answer, of the second nothing else is asked.
    ['words', 1, [[[7], 10]]],
    ['comparisons', 0.5, [[[7, 4], 4]]],
  ]);
  const encoded = (text: string): number[] => language.tokenizer.encode(text);
  const end = language.tokenizer.endId;
  const asked = Array.from({ length: 20 }, (_, epoch) => lists[0]!.samples[0]!.conversation(epoch));
  const [once, twice] = [
    [...encoded('which photo one .'), end],
    [...encoded('which photo one .'), end],
  ];
  const kinds = new Set(asked.map(({ ids }) => ids.join()));
  expect(kinds).toEqual(new Set([once.join(), [...once, ...twice].join()]));
  expect(asked.find(({ ids }) => ids.length === 5)!.isAnswer).toEqual([false, false, true, true, true]);
  expect(lists[0]!.samples[0]!.conversation(11)).toEqual(asked[11]);
});
