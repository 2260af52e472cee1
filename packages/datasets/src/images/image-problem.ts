// Why a file is no photograph that is read, in words that depend on the file alone. What libvips says of a failure it keeps in
// one buffer for all threads, so the sentences of two bad files decoded at once may come mixed: only sharp's own are used.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CalmError, mistakenFile, whyUnreadable } from '@calm-orch/core';
import { unreadContent } from './unread-format.ts';

/** Pillow's own limit; beyond it a small file could ask for any amount of memory. */
export const maxPixels = 178_956_970;

const pieceBytes = 1 << 20;

/** Faults of the one file or its disk; others, such as too many open files, pass and must not cost a photograph. */
const lasting = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'EISDIR', 'EIO']);

/** What keeps a file from being read at all; null: nothing. Throws CalmError io for what may pass. */
export function readingProblem(path: string): { readonly missing: boolean; readonly reason: string } | null {
  try {
    const stats = statSync(path);
    // Opening a pipe would wait for its other end.
    if (!stats.isFile()) return { missing: false, reason: 'it is no file' };
    const descriptor = openSync(path, 'r');
    closeSync(descriptor);
    return stats.size === 0 ? { missing: false, reason: 'it is empty' } : null;
  } catch (error) {
    return problemOf(error, path);
  }
}

/** What a failed decoding says of the file. Throws CalmError io where reading it fails for what may pass. */
export function decodingProblem(error: unknown, path: string): string {
  const unread = wholeFileProblem(path);
  if (unread !== null) return unread.reason;
  const mistaken = mistakenFile(path);
  if (mistaken !== null) return mistaken;
  const format = unreadContent(path);
  if (format !== null) return `it is ${format}`;
  const { message } = error as Error;
  if (message.startsWith('Input image exceeds pixel limit')) return `expected at most ${maxPixels} pixels`;
  if (message.startsWith('Input file contains unsupported')) return 'it has no image format that is read';
  return 'it is damaged or cut short';
}

function wholeFileProblem(path: string): ReturnType<typeof readingProblem> {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const piece = Buffer.allocUnsafe(pieceBytes);
      while (readSync(descriptor, piece) > 0);
    } finally {
      closeSync(descriptor);
    }
    return null;
  } catch (error) {
    return problemOf(error, path);
  }
}

function problemOf(error: unknown, path: string): ReturnType<typeof readingProblem> {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!lasting.has(code))
    throw new CalmError('io', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  return { missing: code === 'ENOENT', reason: code === 'ENOENT' ? 'missing' : whyUnreadable(error) };
}
