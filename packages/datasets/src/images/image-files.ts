// A cheap look at image files, without decoding: which files of a dataset are there and begin like an image.
// Files that pass may still turn out broken when decoded; images.ts then names them.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { fileNamesIn } from '@calm-orch/core';
import { isMaskName } from './masks.ts';

export type ImageFileState = 'ok' | 'missing' | 'unreadable';

const signatures: readonly (readonly number[])[] = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
  [0x52, 0x49, 0x46, 0x46],
  [0x47, 0x49, 0x46, 0x38],
];

/** `unreadable`: empty, or beginning like none of JPEG, PNG, WebP, GIF (some datasets call those .jpg). */
export function imageFileState(path: string): ImageFileState {
  let descriptor: number;
  try {
    // Opening a pipe would wait for its other end.
    if (!statSync(path).isFile()) return 'unreadable';
    descriptor = openSync(path, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'unreadable' : 'missing';
  }
  try {
    const head = Buffer.alloc(12);
    if (readSync(descriptor, head, 0, head.length, 0) < head.length) return 'unreadable';
    return signatures.some((signature) => signature.every((byte, i) => head[i] === byte)) ? 'ok' : 'unreadable';
  } catch {
    return 'unreadable';
  } finally {
    closeSync(descriptor);
  }
}

/** What a file is called that may be one of a user's photographs, or its mask. */
export const photographName = /\.(jpe?g|png|webp)$/i;

/** JPEG, PNG and WebP files directly in a folder, masks apart, by name in code-unit order. */
export function imageNamesIn(dir: string): string[] {
  return fileNamesIn(dir).filter((name) => photographName.test(name) && !isMaskName(name));
}
