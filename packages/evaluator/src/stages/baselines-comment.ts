// Stage `baselines-comment`: the metrics of comments that need no training of ours, on the same photographs as the
// rows: one constant comment, and a comment of the nearest training photograph by the frozen features.
import { join } from 'node:path';
import {
  writeFileAtomic,
  type ClaimBaseline,
  type EvaluationSplit,
  type MfamConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { commentedPhotos, evaluatedComments, photographReader } from '@calm-orch/datasets';
import { openStageTaps } from '@calm-orch/model';
import { constantComment, nearestRows } from '../baselines/comment-baselines.ts';
import { tapStatistics } from '../baselines/tap-statistics.ts';
import type { CommentSources } from '../baselines/comments-file.ts';
import { scoreComments } from './score-comments.ts';
import { trainedAndEvaluated } from './slices.ts';

interface BaselinesCommentConfig {
  readonly taps: MfamConfig['taps'];
  readonly evaluate: Pick<TrialConfig['evaluate'], 'numComments'> &
    CommentSources & { readonly split?: EvaluationSplit };
}

export const baselinesComment: StageFunction = async (context) => {
  const { taps: tapConfig, evaluate } = context.stage.config as unknown as BaselinesCommentConfig;
  const { data, comments } = context.inputs as Record<string, string>;
  const layers = [...new Set(Object.values(tapConfig))].sort((a, b) => a - b);
  const taps = await openStageTaps(context, trainedAndEvaluated(context.inputs), layers, photographReader);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const encoded = <T extends { readonly id: number }>(items: readonly T[]): T[] =>
      items.filter(({ id }) => rowOf.has(String(id)));
    const train = encoded(commentedPhotos(comments!, data!).train).filter(({ captions: own }) => own.length > 0);
    const test = encoded(evaluatedComments(context.inputs, evaluate.split ?? 'test')).slice(0, evaluate.numComments);
    const featuresOf = async (items: readonly { readonly id: number }[]): Promise<Float64Array[]> => {
      const rows = items.map(({ id }) => rowOf.get(String(id))!);
      const statistics = await tapStatistics(taps, rows, layers);
      return statistics.map((parts) => Float64Array.from(layers.flatMap((layer) => [...parts.get(layer)!])));
    };
    const constant = constantComment(train);
    const nearest = nearestRows(await featuresOf(train), await featuresOf(test));
    const answers = {
      'constant comment': test.map(() => constant),
      "nearest photograph's comment": nearest.map((row) => train[row]!.captions[0]!),
    } satisfies Partial<Record<ClaimBaseline, string[]>>;
    const metrics: Record<string, number | null> = {};
    const written: Record<string, unknown> = {};
    for (const [name, candidates] of Object.entries(answers)) {
      const items = test.map(({ id, captions: references }, i) => ({
        id: String(id),
        references,
        candidate: candidates[i]!,
      }));
      const { corpus } = await scoreComments(items, evaluate, context);
      for (const [metric, value] of Object.entries(corpus)) metrics[`${name}/${metric}`] = value;
      written[name] = { items };
    }
    writeFileAtomic(join(context.outputDir, 'comments.json'), `${JSON.stringify(written, null, 1)}\n`);
    return { metrics };
  } finally {
    taps.close();
  }
};
