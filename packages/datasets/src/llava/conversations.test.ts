import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { placedConversations, readConversations, writeConversations, type Conversation } from './conversations.ts';
import { rowPlaces } from './row-places.ts';

const freshFolder = useTestFolders();

describe('LLaVA conversations', () => {
  it('reads what it wrote, rows of text only included', () => {
    const file = join(freshFolder(), 'mix.json');
    const conversations: Conversation[] = [
      {
        id: '000000001',
        image: '00000/000000001.jpg',
        turns: [
          { from: 'human', value: 'What?\n<image>' },
          { from: 'gpt', value: 'a "box" .' },
        ],
      },
      {
        id: 'text',
        image: null,
        turns: [
          { from: 'human', value: 'Hi' },
          { from: 'gpt', value: 'Hello, é and 図' },
        ],
      },
    ];
    writeConversations(file, conversations);
    expect([...readConversations(file)]).toEqual(conversations);
  });

  it('reads a file of many chunks whose records cross their borders', () => {
    const file = join(freshFolder(), 'large.json');
    const value = 'é'.repeat(3000);
    const turns = [{ from: 'gpt', value } as const];
    writeConversations(
      file,
      Array.from({ length: 500 }, (_, i) => ({ id: `${i}`, image: null, turns })),
    );
    const read = [...readConversations(file)];
    expect(read.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
    expect(read.every(({ turns: [turn] }) => turn!.value === value)).toBe(true);
  });

  it.each([
    ['[{"id":"1","conversations":[]}]', ':1: expected turns in "conversations"'],
    ['[\n{"id":"1","conversations":[{"from":"robot","value":"x"}]}]', ':2: expected a turn {from: human|gpt'],
    ['[{"id":"1",}]', ':1:11: expected JSON, got'],
    ['[{"id":"1","conversations":[{"from":"gpt","value":"x"}]}', "expected ']' at the end of the array"],
    ['{"id":"1"}', ":1: expected a JSON array, got '{'"],
  ])('names file and line of bad JSON: %s', (text, message) => {
    const file = join(freshFolder(), 'bad.json');
    writeFileSync(file, text);
    expect(() => [...readConversations(file)]).toThrow(message);
  });

  it('finds rows again by their places, in several files, without what stands between', () => {
    const dir = freshFolder();
    const turns = (file: number, row: number) =>
      [{ from: 'gpt', value: `é ${file} "${row}" `.repeat(20_000) }] as const;
    const paths = [0, 1].map((file) => {
      const path = join(dir, `${file}.json`);
      writeConversations(
        path,
        Array.from({ length: 12 }, (_, row) => ({ id: `${file}/${row}`, image: null, turns: turns(file, row) })),
      );
      return path;
    });
    const places = rowPlaces(paths);
    for (const [file, path] of paths.entries()) {
      let row = 0;
      for (const { place } of placedConversations(path)) places.add(file, row++, place);
    }
    expect(places.length()).toBe(24);
    const found = places.read([1, 7, 11, 12, 23]);
    expect(found.map(({ file, row, line, conversation: { id } }) => [file, row, line, id])).toEqual([
      [0, 1, 3, '0/1'],
      [0, 7, 9, '0/7'],
      [0, 11, 13, '0/11'],
      [1, 0, 2, '1/0'],
      [1, 11, 13, '1/11'],
    ]);
    expect(found.map(({ conversation }) => conversation.turns)).toEqual(found.map(({ file, row }) => turns(file, row)));
    writeConversations(paths[0]!, [{ id: 'cut', image: null, turns: turns(0, 0) }]);
    expect(() => places.read([7])).toThrow(`${paths[0]!}:9:1: expected JSON`);
  });

  it('says which file is missing', () => {
    expect(() => [...readConversations(join(freshFolder(), 'none.json'))]).toThrow(/cannot open .*none\.json/);
  });
});
