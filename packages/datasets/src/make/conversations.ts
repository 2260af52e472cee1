// ShareGPT4V and LLaVA-1.5's mix in their real formats: image roots, several turns, a row of text only, a photograph that
// was downloaded as .gif, one that is missing.
import { join } from 'node:path';
import type { DataConfig } from '@calm-orch/core';
import { conversationFiles } from '../llava/conversation-set.ts';
import { writeConversations, type Conversation } from '../llava/conversations.ts';
import { idsFrom, recordOf, writePhotograph } from './photograph.ts';

const sharedFrom = 8_000_000;
const mixFrom = 9_000_000;
const sharedRoots = ['coco/train2017', 'llava/llava_pretrain/images', 'sam/images', 'wikiart/images'] as const;
const mixRoots = ['coco/train2017', 'gqa/images', 'textvqa/train_images', 'vg/VG_100K', 'ocr_vqa/images'] as const;

export async function makeConversations(dir: string, data: DataConfig, size: number): Promise<void> {
  const shared = idsFrom(sharedFrom, size).map((id, i): Conversation => {
    const { caption } = recordOf(data, 'generic', id);
    return {
      id: String(id),
      image: `${sharedRoots[i % sharedRoots.length]!}/${id}.jpg`,
      turns: [
        { from: 'human', value: i % 2 === 0 ? '<image>\nDescribe it.' : 'Describe it.\n<image>' },
        { from: 'gpt', value: caption },
      ],
    };
  });
  const sharedDir = join(dir, 'ShareGPT4V');
  writeConversations(join(sharedDir, conversationFiles.ShareGPT4V.labels[0]), shared);
  for (const [i, { image }] of shared.entries())
    await writePhotograph(data, 'generic', sharedFrom + i, sharedDir, image!);

  const mix = idsFrom(mixFrom, size).map((id, i): Conversation => {
    const { caption, scene } = recordOf(data, 'generic', id);
    return {
      id: String(id),
      image: `${mixRoots[i % mixRoots.length]!}/${id}.jpg`,
      turns: [
        { from: 'human', value: '<image>\nDescribe it.' },
        { from: 'gpt', value: caption },
        {
          from: 'human',
          value: 'How many other things are there?\nAnswer the question using a single word or phrase.',
        },
        { from: 'gpt', value: String(scene.others.length) },
      ],
    };
  });
  const text: Conversation = {
    id: 'text-only',
    image: null,
    turns: [
      { from: 'human', value: 'Hello' },
      { from: 'gpt', value: 'Hello!' },
    ],
  };
  const absent: Conversation = { ...mix[0]!, id: 'absent', image: 'vg/VG_100K_2/absent.jpg' };
  const mixDir = join(dir, 'LLaVA-Mix665k');
  writeConversations(join(mixDir, conversationFiles['LLaVA-Mix665k'].labels[0]), [...mix, text, absent]);
  for (const [i, { image }] of mix.entries()) {
    const file = i % mixRoots.length === 4 ? image!.replace('.jpg', '.gif') : image!;
    await writePhotograph(data, 'generic', mixFrom + i, mixDir, file);
  }
}
