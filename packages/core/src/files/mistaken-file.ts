// What downloads leave in place of a file: the pointer of Git LFS where git had no LFS, and the page about a file where its
// own address was meant. Both are small texts, and no reader's complaint about their content would say what they are.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CalmError } from '../errors.ts';

const lfsPointer = 'version https://git-lfs.github.com/spec/v';
const webPage = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)*<(?:!doctype\s+html|html)[\s>]/i;
const headBytes = 512;

/** What the first bytes of a file show it to be, and the remedy; null: nothing of the kind. */
export function mistakenContent(head: Uint8Array): string | null {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, headBytes))
    .toString('latin1')
    .replace(/^(?:\xef\xbb\xbf)/, '');
  if (text.startsWith(lfsPointer))
    return 'it is a Git LFS pointer, not the file itself; run `git lfs pull` where it was cloned';
  if (webPage.test(text)) return 'it is a web page (HTML); download the file itself, not its page';
  return null;
}

/** The same of a file; null, too, for what cannot be read or is no file. */
export function mistakenFile(path: string): string | null {
  try {
    // Opening a pipe would wait for its other end.
    if (!statSync(path).isFile()) return null;
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(headBytes);
      return mistakenContent(head.subarray(0, readSync(descriptor, head, 0, headBytes, 0)));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** For readers that open any file a user names. @throws CalmError `bad_data` where it is none of what they read. */
export function refuseMistakenFile(path: string): void {
  const what = mistakenFile(path);
  if (what !== null) throw new CalmError('bad_data', `${path}: ${what}`);
}
