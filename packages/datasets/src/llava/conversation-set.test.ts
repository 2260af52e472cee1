import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { newTally, readConversationSet } from './conversation-set.ts';
import { writeConversations, type Conversation } from './conversations.ts';
import { imageFirst, splitImageToken } from './image-token.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const conversation = (id: string, image: string | null): Conversation => ({
  id,
  image,
  turns: [
    { from: 'human', value: '<image>\nWhat is it?' },
    { from: 'gpt', value: 'A cat.' },
    { from: 'human', value: 'And where?' },
    { from: 'gpt', value: 'On a mat.' },
  ],
});

describe('sets of conversations', () => {
  it("reads turns about photographs that are there below the file's image roots, whatever their extension became", () => {
    const dir = freshFolder();
    writeConversations(join(dir, 'llava_v1_5_mix665k.json'), [
      conversation('1', 'coco/train2017/1.jpg'),
      conversation('2', null),
      conversation('3', 'ocr_vqa/images/3.jpg'),
      conversation('4', 'gqa/images/4.jpg'),
    ]);
    for (const image of ['coco/train2017/1.jpg', 'ocr_vqa/images/3.gif']) {
      mkdirSync(dirname(join(dir, image)), { recursive: true });
      writeFileSync(join(dir, image), jpegHead);
    }
    const tally = newTally();
    const read = [...readConversationSet(dir, 'LLaVA-Mix665k', tally)];
    expect(read.map(({ id, path, row, turns }) => [id, path, row, turns.length])).toEqual([
      ['1', join(dir, 'coco/train2017/1.jpg'), 0, 4],
      ['3', join(dir, 'ocr_vqa/images/3.gif'), 2, 4],
    ]);
    expect(tally).toEqual({ rows: 4, textOnly: 1, missingImages: 1, unreadableImages: 0 });
  });

  it('reads instruction sets with further members (AesMMIT, Q-Align)', () => {
    const dir = freshFolder();
    const file = join(dir, 'sharegpt4v_instruct_gpt4-vision_cap100k.json');
    const extra = { ...conversation('1', 'sam/images/1.jpg'), turns: undefined, type: 'AesA', qtype: 0, gt_score: 3.2 };
    writeFileSync(file, JSON.stringify([{ ...extra, conversations: conversation('1', null).turns }]));
    const tally = newTally();
    expect([...readConversationSet(dir, 'ShareGPT4V', tally)]).toEqual([]);
    expect(tally).toMatchObject({ rows: 1, missingImages: 1 });
  });

  it('says which file is missing', () => {
    expect(() => [...readConversationSet(freshFolder(), 'LLaVA-Pretrain')]).toThrow(/no file .*blip_laion_cc_sbu_558k/);
  });

  it.each([
    ['Describe it.\n<image>', '<image>\nDescribe it.', 1],
    ['<image>\nDescribe it.', '<image>\nDescribe it.', 1],
    ['Rate it.\n<|image|>', '<image>\nRate it.', 1],
    ['Good?\n<|image|>How do you assess it?\n<|image|>', '<image>\nGood?\nHow do you assess it?', 2],
    ['No photograph.', 'No photograph.', 0],
  ])('brings the photograph to the front of %j', (value, first, numImages) => {
    expect(imageFirst(value)).toBe(first);
    expect(splitImageToken(value).numImages).toBe(numImages);
  });
});
