// What the stages of a run left about photographs, for the page, the report and `show --plot`. A picture is named by the
// stage that lists it and its place in that list; the file is the one the list says, and lies in the artifact or in a dataset
// the stage was given.
import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Picture } from '@calm-orch/dashboard';
import { CalmError, type Json, type StageKind } from '@calm-orch/core';
import type { Layout } from '@calm-orch/coordinator/layout';
import type { CommentedPhoto, ScoredPhoto, Suggestion } from '@calm-orch/evaluator/answers';
import type { RunStageRecord } from '@calm-orch/tracker';

export interface TestedPhotograph {
  readonly id: string;
  /** null: its list is gone. */
  readonly picture: Picture | null;
  /** null: nobody scored (commented on) it. */
  readonly scored: ScoredPhoto | null;
  readonly commented: CommentedPhoto | null;
}

export interface SuggestedPhotograph extends Suggestion {
  readonly picture: Picture | null;
  /** Without the degradation. */
  readonly original: Picture | null;
}

type Stage = RunStageRecord | null | undefined;

export interface TrialPhotographs {
  /** Whether a stage's artifact is there. */
  isThere(key: string | undefined): key is string;
  /** Whether what an evaluation stage says of photographs is there. */
  isAnswered(stage: Stage): stage is RunStageRecord;
  /** None where they are gone. @throws CalmError `bad_data` naming file and line */
  scores(stage: Stage): Promise<readonly ScoredPhoto[]>;
  /** Those that were scored first, each as its file has them. @throws CalmError `bad_data` naming file and line */
  tested(score: Stage, comment: Stage): Promise<readonly TestedPhotograph[]>;
  /** null: there are none, or they are gone. */
  suggested(stage: Stage): Promise<{ readonly judge: string; readonly answers: readonly SuggestedPhotograph[] } | null>;
  /** The file of a picture. @throws CalmError `not_found` for what the stage does not list */
  pathOf(stage: RunStageRecord, index: number): Promise<string>;
}

interface Listed {
  readonly id: string;
  readonly path: string;
}

/** What a reader of answers reads in the artifact. */
const answerFiles: Partial<Record<StageKind, string>> = {
  'evaluate-score': 'predictions.csv',
  'evaluate-comment': 'comments.json',
  'evaluate-suggest': 'suggestions.json',
};

export function trialPhotographs(layout: Layout): TrialPhotographs {
  /** Lists of labelled photographs, by key of the stage that made them; artifacts do not change. */
  const lists = remembering<readonly Listed[]>(8);
  const tests = remembering<readonly TestedPhotograph[]>(8);
  const labeled = (key: string): Promise<readonly Listed[]> =>
    lists(key, async () => {
      const { labeledSlice } = await import('@calm-orch/datasets');
      const all = labeledSlice(layout.artifact(key), { first: 0, count: Infinity });
      return all.map(({ id, path }) => ({ id: String(id), path }));
    });

  /** What lists photographs by place. */
  const listedAt = async (stage: RunStageRecord, index: number): Promise<Listed | undefined> => {
    const { kind, key, config } = stage;
    const dir = layout.artifact(key);
    const { readPairs, unlabeledPhotos, imageNamesIn } = await import('@calm-orch/datasets');
    const slice = { first: index, count: 1 };
    const { what } = config as { readonly what?: string };
    if (kind === 'data' && (what === 'labeled' || what === 'validation')) return (await labeled(key))[index];
    if (kind === 'data' && what === 'unlabeled')
      return unlabeledPhotos(dir, slice).map(({ file }) => ({ id: file, path: resolve(dir, file) }))[0];
    if (kind === 'augment')
      return readPairs(dir, slice).map(({ augmented }) => ({ id: augmented, path: join(dir, augmented) }))[0];
    if (kind === 'degrade') return imageNamesIn(dir).map((id) => ({ id, path: join(dir, id) }))[index];
    return undefined;
  };

  const photographs: TrialPhotographs = {
    isThere: (key): key is string => key !== undefined && existsSync(join(layout.artifact(key), 'manifest.json')),

    isAnswered: (stage): stage is RunStageRecord =>
      stage != null && existsSync(join(layout.artifact(stage.key), answerFiles[stage.kind]!)),

    scores: async (stage) => {
      if (!photographs.isAnswered(stage)) return [];
      const { readScores } = await import('@calm-orch/evaluator/answers');
      return readScores(layout.artifact(stage.key));
    },

    tested: (score, comment) =>
      tests(`${score?.key} ${comment?.key}`, async () => {
        const { readComments } = await import('@calm-orch/evaluator/answers');
        const scores = await photographs.scores(score);
        const comments = photographs.isAnswered(comment) ? readComments(layout.artifact(comment.key)) : [];
        const { data, validation } = (score ?? comment)?.inputs ?? {};
        const source = validation ?? data;
        const listed = photographs.isThere(source) ? await labeled(source).catch(noneOfDamaged) : [];
        const places = new Map(listed.map(({ id }, index) => [id, index]));
        const scoreOf = new Map(scores.map((one) => [one.id, one]));
        const commentOf = new Map(comments.map((one) => [one.id, one]));
        return [...new Set([...scoreOf.keys(), ...commentOf.keys()])].map((id) => {
          const index = places.get(id);
          return {
            id,
            picture: index === undefined || source === undefined ? null : { stage: source, index },
            scored: scoreOf.get(id) ?? null,
            commented: commentOf.get(id) ?? null,
          };
        });
      }),

    suggested: async (stage) => {
      if (!photographs.isAnswered(stage)) return null;
      const { readSuggestions } = await import('@calm-orch/evaluator/answers');
      const { degradedFile, imageNamesIn } = await import('@calm-orch/datasets');
      const { judge, answers } = readSuggestions(layout.artifact(stage.key));
      const degraded = stage.inputs['degraded'];
      const names = photographs.isThere(degraded) ? imageNamesIn(layout.artifact(degraded)) : [];
      const places = new Map(names.map((name, index) => [name, index]));
      const pictureOf = (name: string): Picture | null => {
        const index = places.get(name);
        return index === undefined ? null : { stage: degraded!, index };
      };
      return {
        judge,
        answers: answers.map(({ photo, crop, degradation, ...said }) => ({
          ...{ photo, crop, degradation, ...said },
          picture: pictureOf(degradedFile({ photo, crop, degradation })),
          original: pictureOf(degradedFile({ photo, crop, degradation: null })),
        })),
      };
    },

    pathOf: async (stage, index) => {
      const found = photographs.isThere(stage.key) ? await listedAt(stage, index) : undefined;
      const allowed = [layout.artifact(stage.key), ...rootsOf(stage.config)];
      if (found === undefined || !allowed.some((folder) => isInside(found.path, folder)))
        throw new CalmError('not_found', `stage ${stage.kind} ${stage.key.slice(0, 8)} lists no photograph ${index}`);
      return found.path;
    },
  };
  return photographs;
}

/** A list that is not whole any more is as good as gone. */
function noneOfDamaged(error: unknown): readonly Listed[] {
  if (error instanceof CalmError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}

/** Folders of datasets that a stage `data` was given. */
function rootsOf(config: Json): string[] {
  const { data } = config as { readonly data?: { readonly roots?: Readonly<Record<string, string>> } };
  return Object.values(data?.roots ?? {});
}

function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !way.startsWith(sep);
}

/** Keeps the last `most` values. */
function remembering<T>(most: number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, make) => {
    const value = kept.get(key) ?? make();
    kept.delete(key);
    kept.set(key, value);
    value.catch(() => kept.delete(key));
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return value;
  };
}
