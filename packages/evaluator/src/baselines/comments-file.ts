// comments.json, which stage evaluate-comment leaves: test photographs with their references, the comment made, and METEOR's
// scores with the name of what METEOR matched, so that nobody needs its resources to read them.
import { readFileSync } from 'node:fs';
import type { CaptionItem } from '../metrics/captions.ts';
import type { CaptionReport } from '../metrics/score-files.ts';

/** Part of a stage's slice of the configuration: METEOR's own folder, where there is one. */
export interface CommentSources {
  readonly meteorDir?: string;
}

export interface CommentsFile {
  readonly items: readonly CaptionItem[];
  /** Absent where an earlier version has left the file. */
  readonly meteor?: {
    /** Such as `METEOR (exact, stem)`. */
    readonly name: string;
    /** In the order of the items. */
    readonly scores: readonly (number | null)[];
  };
}

export function commentsFile(items: readonly CaptionItem[], { meteor: name, perItem }: CaptionReport): string {
  const scores = items.map(({ id }) => perItem[id]!.METEOR);
  return JSON.stringify({ items, meteor: { name, scores } } satisfies CommentsFile, null, 1);
}

export function readCommentsFile(path: string): CommentsFile {
  return JSON.parse(readFileSync(path, 'utf8')) as CommentsFile;
}
