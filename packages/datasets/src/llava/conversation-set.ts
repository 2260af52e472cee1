// A dataset of conversations with its image root: LLaVA-Pretrain (LAION-CC-SBU-558K), ShareGPT4V, LLaVA-1.5's mix of 665k,
// and instruction sets of the same schema (Q-Instruct, AesMMIT).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { imageFileState } from '../images/image-files.ts';
import { isNoData, listedPath } from '../rated-photos.ts';
import { sameNamed } from '../text/same-named.ts';
import { readConversations, type Conversation } from './conversations.ts';

export interface ConversationFiles {
  /** Names under which the file is known; the first is the official one. */
  readonly labels: readonly string[];
  /** Image roots below the dataset folder, the first that exists counts; '' is the folder itself. */
  readonly roots: readonly string[];
}

export const conversationFiles = {
  'LLaVA-Pretrain': { labels: ['blip_laion_cc_sbu_558k.json'], roots: ['images', ''] },
  ShareGPT4V: { labels: ['sharegpt4v_instruct_gpt4-vision_cap100k.json'], roots: ['data', ''] },
  'LLaVA-Mix665k': { labels: ['llava_v1_5_mix665k.json'], roots: ['data', ''] },
} as const satisfies Readonly<Record<string, ConversationFiles>>;
export type ConversationSet = keyof typeof conversationFiles;

export interface PhotoConversation extends Conversation {
  readonly image: string;
  readonly path: string;
  /** Position in the file, 0-based. */
  readonly row: number;
}

export interface ConversationTally {
  rows: number;
  textOnly: number;
  missingImages: number;
  unreadableImages: number;
}

export const newTally = (): ConversationTally => ({ rows: 0, textOnly: 0, missingImages: 0, unreadableImages: 0 });

export function conversationPath(dir: string, set: ConversationSet): string {
  const { labels } = conversationFiles[set];
  const path = labels.map((name) => join(dir, name)).find((file) => existsSync(file));
  if (path === undefined)
    throw new CalmError('not_found', `${set}: no file ${join(dir, labels[0])}; download it there`);
  return path;
}

export function conversationRoot(dir: string, set: ConversationSet): string {
  const roots: readonly string[] = conversationFiles[set].roots;
  return join(dir, roots.find((name) => name !== '' && existsSync(join(dir, name))) ?? '');
}

/**
 * Streams the conversations about photographs that are there, in file order; `tally` counts the others.
 * Throws CalmError not_found or bad_data ('file:line: …').
 */
export function* readConversationSet(
  dir: string,
  set: ConversationSet,
  tally: ConversationTally = newTally(),
): Iterable<PhotoConversation> {
  const path = conversationPath(dir, set);
  const root = conversationRoot(dir, set);
  for (const conversation of readConversations(path)) {
    const row = tally.rows;
    tally.rows += 1;
    const { image } = conversation;
    if (image === null) {
      tally.textOnly += 1;
      continue;
    }
    const file = existingOf(listedPath(root, image, path, row + 1));
    const state = isNoData(image) ? 'missing' : imageFileState(file);
    if (state === 'missing') tally.missingImages += 1;
    else if (state === 'unreadable') tally.unreadableImages += 1;
    else yield { ...conversation, image, path: file, row };
  }
}

/** OCR-VQA's downloads are .gif and .png under names the file says are .jpg. */
export function existingOf(path: string): string {
  if (existsSync(path)) return path;
  const stem = path.replace(/\.jpe?g$/i, '');
  return ['.png', '.gif'].map((extension) => sameNamed(stem + extension)).find((other) => existsSync(other)) ?? path;
}
