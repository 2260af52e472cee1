// AVA_Comments_Full.txt, the raw comments AVA-Captions was made of: `<index>#<image id>#comment#comment…` a line. A '#'
// inside a comment splits it, as the released parser has it too; lines whose id is no integer are skipped.
import { linesOfFile } from '../text/lines.ts';

export const rawCommentsFile = 'AVA_Comments_Full.txt';

export interface RawComments {
  readonly id: number;
  readonly comments: readonly string[];
}

export interface SkippedLines {
  skipped: number;
}

/**
 * Streams the images in file order.
 * @param tally its `skipped` is raised by the lines that name no image.
 */
export function* readRawComments(path: string, tally: SkippedLines = { skipped: 0 }): Iterable<RawComments> {
  for (const { text } of linesOfFile(path, 'AVA comments')) {
    const [, id = '', ...comments] = text.split('#');
    if (/^\s*\d+\s*$/.test(id)) {
      yield { id: Number(id), comments: comments.map((comment) => comment.trim()).filter((comment) => comment !== '') };
    } else tally.skipped += 1;
  }
}

export function formatRawComments(index: number, { id, comments }: RawComments): string {
  return [index, id, ...comments].join('#');
}
