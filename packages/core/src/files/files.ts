// Files that other processes read are written whole or not at all.
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { writeAll } from './pieces.ts';

/**
 * Creates a folder and those above it. Unlike mkdirSync with `recursive`, which tries for ever (Node 20) where a file
 * system has the parent but refuses the folder with ENOENT, as /proc does, this throws.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Somebody else may have created it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Writes to a temporary sibling, fsyncs, renames. Readers see the old content or the new, never a part. */
export function writeFileAtomic(path: string, content: string | ArrayBufferView | Iterable<ArrayBufferView>): void {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  const descriptor = openSync(temporary, 'w');
  try {
    const parts =
      typeof content === 'string' ? [Buffer.from(content)] : ArrayBuffer.isView(content) ? [content] : content;
    for (const part of parts) writeAll(descriptor, part);
    fsyncSync(descriptor);
  } catch (error) {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(descriptor);
  renameSync(temporary, path);
}

/** Whole files in a folder and those within it, relative, with slashes, sorted; links and what is being written are none. */
export function wholeFilesIn(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
