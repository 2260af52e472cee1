// Tags and notes: what people write about a run, while it is at work or after. Anybody may, not its coordinator alone.
import { asc, eq } from 'drizzle-orm';
import { CalmError } from '@calm-orch/core';
import { transaction, type Store } from '../database/database.ts';
import { notes, runs } from '../database/schema.ts';
import type { NoteRecord } from '../types.ts';
import { appendEvent } from './event-store.ts';
import { rowOf } from './run-queries.ts';

const tagPattern = /^[\p{L}\p{N}][\p{L}\p{N}._:/=+-]{0,63}$/u;

/** @throws CalmError `invalid_argument` */
export function checkTags(tags: readonly string[]): void {
  const bad = tags.find((tag) => !tagPattern.test(tag));
  if (bad !== undefined)
    throw new CalmError(
      'invalid_argument',
      `a tag is a letter or digit and up to 63 more of these and . _ : / = + -, as in \`baseline\` or \`paper/v2\`, got "${bad}"`,
    );
}

/** As they are stored. */
export const tagsText = (tags: Iterable<string>): string => JSON.stringify([...new Set(tags)].sort());

/** The tags it has then, sorted. */
export function changeTags(
  store: Store,
  runId: string,
  { add = [], remove = [] }: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): string[] {
  checkTags(add);
  return transaction(store, () => {
    const before = JSON.parse(rowOf(store, runId).tags) as string[];
    const absent = remove.find((tag) => !before.includes(tag));
    if (absent !== undefined)
      throw new CalmError(
        'not_found',
        `run ${runId} has no tag ${absent}: ${before.length === 0 ? 'it has none' : `it has ${before.join(', ')}`}`,
      );
    const tags = tagsText([...before.filter((tag) => !remove.includes(tag)), ...add]);
    store.db.update(runs).set({ tags }).where(eq(runs.id, runId)).run();
    const now = JSON.parse(tags) as string[];
    if (tags !== tagsText(before))
      appendEvent(store, { runId, type: 'note', message: `tags: ${now.join(', ') || 'none'}` });
    return now;
  });
}

/** @throws CalmError `invalid_argument`, `not_found` */
export function addNote(store: Store, runId: string, text: string): void {
  if (text.trim() === '') throw new CalmError('invalid_argument', 'a note needs words');
  transaction(store, () => {
    rowOf(store, runId);
    store.db.insert(notes).values({ runId, atMs: store.clock(), text: text.trim() }).run();
    appendEvent(store, { runId, type: 'note', message: 'somebody wrote a note' });
  });
}

/** Oldest first. */
export function listNotes({ db }: Store, runId: string): NoteRecord[] {
  return db.select().from(notes).where(eq(notes.runId, runId)).orderBy(asc(notes.id)).all();
}
