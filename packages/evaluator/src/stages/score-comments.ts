// Comments scored within a stage, which says meanwhile that it is alive: METEOR's paraphrase table takes tens of seconds on a
// busy machine, as long as a computation may be silent.
import type { StageContext } from '@calm-orch/core';
import type { CommentSources } from '../baselines/comments-file.ts';
import type { CaptionItem } from '../metrics/captions.ts';
import { scoreCaptions, type CaptionReport } from '../metrics/score-files.ts';

const pulseMs = 1000;

export async function scoreComments(
  items: readonly CaptionItem[],
  sources: CommentSources,
  { alive }: Pick<StageContext, 'alive'>,
): Promise<CaptionReport> {
  const pulse = setInterval(() => alive?.(), pulseMs);
  try {
    return await scoreCaptions(items, sources);
  } finally {
    clearInterval(pulse);
  }
}
