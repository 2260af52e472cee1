// A dozen photographs of the report: the best, typical and worst ones, with what the model and people said.
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import type { ReportPhotograph, ReportPhotographs } from '@calm-orch/dashboard';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { shownEvaluation, type Evaluation } from './evaluations.ts';
import { reducedPicture } from './pictures.ts';
import { shownScores, somePoints, type Scores } from './scores.ts';

/** Of each sort. */
const numShown = 4;
const maxPoints = 1000;
const maxReferences = 5;

interface Commented {
  readonly references: readonly string[];
  readonly candidate: string;
  /** METEOR; null where there is none. */
  readonly score: number | null;
}

export async function reportPhotographs(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
): Promise<ReportPhotographs | null> {
  const scores = await shownScores(tracker, run, dir);
  const commenting = shownEvaluation(tracker, run, dir, { kind: 'evaluate-comment', file: 'comments.json' });
  const comments = commenting === null ? new Map<string, Commented>() : await readComments(commenting);
  const source = scores?.evaluation ?? commenting;
  if (source === null) return null;
  const places = scores === null ? new Map<string, number>() : new Map(scores.ids.map((id, i) => [id, i]));
  const both = scores?.ids.filter((id) => comments.has(id)) ?? [];
  const ranked = rank(scores === null ? [...comments.keys()] : enough(both) ? both : scores.ids, (id) =>
    scores === null ? -(comments.get(id)!.score ?? 0) : errorOf(scores, places.get(id)!),
  );
  const { split, paths } = await photographPaths(source);
  const shown: ReportPhotograph[] = [];
  for (const { id, why } of choose(ranked)) {
    const place = places.get(id);
    const comment = comments.get(id);
    shown.push({
      id,
      why,
      picture: await reducedPicture(paths.get(id)),
      truth: place === undefined ? null : scores!.targets[place]!,
      prediction: place === undefined ? null : scores!.predictions[place]!,
      comment: comment?.candidate ?? null,
      references: [...new Set(comment?.references)].slice(0, maxReferences),
    });
  }
  return {
    scoredBy: scores?.evaluation.words ?? null,
    commentedBy: commenting?.words ?? null,
    split,
    numScored: scores?.ids.length ?? 0,
    numRanked: ranked.length,
    points: scores === null ? [] : somePoints(scores, maxPoints),
    shown,
  };
}

const enough = (ids: readonly string[]): boolean => ids.length >= 3 * numShown;

const errorOf = ({ targets, predictions }: Scores, place: number): number =>
  Math.abs(predictions[place]! - targets[place]!);

/** The least error first; equal ones keep their order. */
function rank(ids: readonly string[], error: (id: string) => number): string[] {
  return [...ids].sort((a, b) => error(a) - error(b));
}

/** Without overlap: of few, fewer of each. */
export function choose(ranked: readonly string[]): { id: string; why: ReportPhotograph['why'] }[] {
  const count = Math.min(numShown, Math.floor(ranked.length / 3));
  if (count === 0) return ranked.map((id) => ({ id, why: 'typical' }));
  const middle = Math.floor((ranked.length - count) / 2);
  const part = (from: number, why: ReportPhotograph['why']) =>
    ranked.slice(from, from + count).map((id) => ({ id, why }));
  return [...part(0, 'best'), ...part(middle, 'typical'), ...part(ranked.length - count, 'worst').reverse()];
}

async function readComments({ dir }: Evaluation): Promise<Map<string, Commented>> {
  const { readCommentsFile } = await import('@calm-orch/evaluator/test-items');
  const { items, meteor } = readCommentsFile(join(dir, 'comments.json'));
  return new Map(
    items.map(({ id, references, candidate }, i) => [id, { references, candidate, score: meteor?.scores[i] ?? null }]),
  );
}

/** Where the photographs lie that were evaluated on; empty where the list of them is gone. */
async function photographPaths({ stage, inputs }: Evaluation) {
  const { split = 'test' } = (stage.config as { evaluate?: { split?: 'test' | 'val' } }).evaluate ?? {};
  const { evaluatedPhotos } = await import('@calm-orch/datasets');
  if (inputs['data'] === undefined) return { split, paths: new Map<string, string>() };
  try {
    return { split, paths: new Map(evaluatedPhotos(inputs, split).map(({ id, path }) => [String(id), path])) };
  } catch (error) {
    const isGone = error instanceof CalmError || (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isGone) throw error;
    return { split, paths: new Map<string, string>() };
  }
}
