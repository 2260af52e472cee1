// Conversation JSON of LLaVA-Pretrain, ShareGPT4V and LLaVA-1.5's mix: an array of {id, image, conversations}.
// Rows of text only have no image; `<image>` marks where the photograph stands in a human turn.
import { writeFileAtomic } from '@calm-orch/core';
import { jsonElements, jsonElementsAt, type JsonPlace } from '../text/json-elements.ts';
import { badLine } from '../text/lines.ts';

export interface Turn {
  readonly from: 'human' | 'gpt';
  readonly value: string;
}

export interface Conversation {
  readonly id: string;
  /** Path below the image root; null in rows of text only. */
  readonly image: string | null;
  readonly turns: readonly Turn[];
}

/** Writes conversations as one JSON array, a record a line. */
export function writeConversations(file: string, conversations: readonly Conversation[]): void {
  const lines = conversations.map(({ id, image, turns }) =>
    JSON.stringify({ id, ...(image === null ? {} : { image }), conversations: turns }),
  );
  writeFileAtomic(file, `[\n${lines.join(',\n')}\n]\n`);
}

/** Streams conversations in file order. Throws not_found, bad_data ('file:line: …') on a record of another form. */
export function* readConversations(file: string): Iterable<Conversation> {
  for (const { conversation } of placedConversations(file)) yield conversation;
}

/** The same with the place of each, by which `conversationsAt` finds it. */
export function* placedConversations(
  file: string,
): Iterable<{ readonly conversation: Conversation; readonly place: JsonPlace }> {
  for (const { value, line, start, end } of jsonElements(file))
    yield { conversation: conversationOf(value, file, line), place: { line, start, end } };
}

/** Some conversations, without reading the others. */
export function conversationsAt(file: string, places: readonly JsonPlace[]): Conversation[] {
  return jsonElementsAt(file, places).map((value, i) => conversationOf(value, file, places[i]!.line));
}

function conversationOf(value: unknown, file: string, line: number): Conversation {
  const { id, image, conversations } = (value ?? {}) as { id?: unknown; image?: unknown; conversations?: unknown };
  if (typeof id !== 'string' && typeof id !== 'number') {
    throw badLine(file, line, 'a string "id"', JSON.stringify(id) ?? 'none');
  }
  if (image !== undefined && image !== null && typeof image !== 'string') {
    throw badLine(file, line, 'a string "image" or none', JSON.stringify(image));
  }
  if (!Array.isArray(conversations) || conversations.length === 0) {
    throw badLine(file, line, 'turns in "conversations"', JSON.stringify(conversations) ?? 'none');
  }
  return { id: String(id), image: image ?? null, turns: conversations.map((turn) => turnOf(turn, file, line)) };
}

function turnOf(turn: unknown, file: string, line: number): Turn {
  const { from, value } = (turn ?? {}) as { from?: unknown; value?: unknown };
  if ((from !== 'human' && from !== 'gpt') || typeof value !== 'string') {
    throw badLine(file, line, 'a turn {from: human|gpt, value: text}', JSON.stringify(turn) ?? 'none');
  }
  return { from, value };
}
