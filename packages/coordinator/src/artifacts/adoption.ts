// Each attempt writes into a folder of its own, named by its token. Once the coordinator has compared the token, it moves the
// files to those of the stage, where nobody else writes. So an attempt that goes on though its lease is lost (its host was cut
// off, its process stood still) writes where nobody looks, whatever its bytes are.
import { existsSync, readdirSync, renameSync, rm, rmdir, rmSync, type Dirent } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Layout } from './layout.ts';

export interface Attempt {
  /** Of its stage. */
  readonly key: string;
  readonly token: string;
}

/** What an attempt has written; null: it has no folder, as one of a worker that does not see this one. */
export function outputOf(layout: Layout, key: string, token: string): Dirent[] | null {
  try {
    return readdirSync(layout.attempt(key, token), { withFileTypes: true });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Makes what an attempt has written the stage's. Files of that name are replaced: an adoption that was cut off is repeated.
 * Folders that are empty then are left for `handOnOutput` and `discardOutput`.
 */
export function adoptOutput(layout: Layout, key: string, token: string, output = outputOf(layout, key, token)): void {
  // Of a worker that an earlier version has leased the item to: its files are in the stage's folder already.
  if (output !== null) moveInto(layout.attempt(key, token), output, layout.staging(key));
}

function moveInto(from: string, entries: readonly Dirent[], to: string): void {
  if (!existsSync(to)) return renameSync(from, to);
  for (const entry of entries) {
    const [path, place] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) moveInto(path, readdirSync(path, { withFileTypes: true }), place);
    else renameSync(path, place);
  }
}

/** Removes what attempts at a stage have written that nobody adopts. @param kept Tokens of attempts under way. */
export function discardOutputs(layout: Layout, key: string, kept: ReadonlySet<string> = new Set()): void {
  const [staging, prefix] = [dirname(layout.staging(key)), layout.attempt(key, '')];
  for (const name of existsSync(staging) ? readdirSync(staging) : []) {
    const path = join(staging, name);
    if (path.startsWith(prefix) && !kept.has(path.slice(prefix.length))) discard(path);
  }
}

/**
 * Beside what goes on: removing a folder may take longer than all else that an item needs of the coordinator.
 * @param isHandedOver By a worker that does not see the run folder.
 */
export function discardOutput(layout: Layout, key: string, token: string, isHandedOver: boolean): void {
  const whats = isHandedOver ? (['result', 'checkpoints'] as const) : [];
  for (const path of [layout.attempt(key, token), ...whats.map((what) => layout.incoming(key, token, what))])
    rmdir(path, (error) => {
      if (error !== null && error.code !== 'ENOENT') rm(path, { recursive: true, force: true }, leaveToGc);
    });
}

/**
 * A folder that nothing is in any more becomes that of another attempt: making and removing one takes ten times as long.
 * Whether that is so.
 */
export function handOnOutput(layout: Layout, from: Attempt, to: Attempt): boolean {
  const own = layout.attempt(from.key, from.token);
  try {
    if (readdirSync(own).length > 0) return false;
    renameSync(own, layout.attempt(to.key, to.token));
    return true;
  } catch {
    return false;
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    leaveToGc();
  }
}

/** Somebody writes there still. */
function leaveToGc(): void {}
