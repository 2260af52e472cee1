// The photographs of a trial as its run's artifacts list them, for the page: what was tested on with the answers, what was
// degraded with the suggestions, augmented pairs with their sentences. A picture is named by the stage that lists it and its
// place in that list; the file is the one the list says, and lies in the artifact or in a dataset the stage was given.
import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { PhotographSources, Picture, TestPhotograph, TrialName } from '@calm-orch/dashboard';
import { CalmError, type Json } from '@calm-orch/core';
import type { Layout } from '@calm-orch/coordinator/layout';
import type { RunStageRecord, Tracker } from '@calm-orch/tracker';

interface Listed {
  readonly id: string;
  readonly path: string;
}

export function pagePhotographs(layout: Layout): PhotographSources {
  /** Lists of labelled photographs, by key of the stage that made them; artifacts do not change. */
  const lists = remembering<readonly Listed[]>(8);
  const tests = remembering<readonly TestPhotograph[]>(8);
  const hasArtifact = (key: string | undefined): key is string =>
    key !== undefined && existsSync(join(layout.artifact(key), 'manifest.json'));

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

  const sources: PhotographSources = {
    test: (tracker, runId, trial) => {
      const score = stageOf(tracker, runId, trial, 'evaluate-score');
      const comment = stageOf(tracker, runId, trial, 'evaluate-comment');
      return tests(`${score?.key} ${comment?.key}`, async () => {
        const { readComments, readScores } = await import('@calm-orch/evaluator/answers');
        const scores = hasArtifact(score?.key) ? readScores(layout.artifact(score.key)) : [];
        const comments = hasArtifact(comment?.key) ? readComments(layout.artifact(comment.key)) : [];
        const { data, validation } = (score ?? comment)?.inputs ?? {};
        const source = validation ?? data;
        const listed = hasArtifact(source) ? await labeled(source) : [];
        const places = new Map(listed.map(({ id }, index) => [id, index]));
        const scoreOf = new Map(scores.map((one) => [one.id, one]));
        const commentOf = new Map(comments.map((one) => [one.id, one]));
        return [...new Set([...scoreOf.keys(), ...commentOf.keys()])].map((id) => {
          const index = places.get(id);
          const [scored, commented] = [scoreOf.get(id), commentOf.get(id)];
          return {
            id,
            picture: index === undefined || source === undefined ? null : { stage: source, index },
            target: scored?.target ?? null,
            prediction: scored?.prediction ?? null,
            answer: scored?.answer ?? null,
            comment: commented?.candidate ?? null,
            references: commented?.references ?? [],
          };
        });
      });
    },

    suggestions: async (tracker, runId, trial) => {
      const stage = stageOf(tracker, runId, trial, 'evaluate-suggest');
      if (!hasArtifact(stage?.key)) return null;
      const { readSuggestions } = await import('@calm-orch/evaluator/answers');
      const { degradedFile, imageNamesIn } = await import('@calm-orch/datasets');
      const { judge, answers } = readSuggestions(layout.artifact(stage.key));
      const degraded = stage.inputs['degraded'];
      const names = hasArtifact(degraded) ? imageNamesIn(layout.artifact(degraded)) : [];
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

    pairs: async (tracker, runId, trial, { offset, limit }) => {
      const stage = stageOf(tracker, runId, trial, 'augment');
      if (!hasArtifact(stage?.key)) return null;
      const { numPairs, readPairs } = await import('@calm-orch/datasets');
      const dir = layout.artifact(stage.key);
      const { data } = stage.inputs;
      return {
        total: numPairs(dir),
        pairs: readPairs(dir, { first: offset, count: limit }).map(({ index, draw, groups, labels }, i) => ({
          ...{ index, draw, groups },
          sentences: labels,
          original: hasArtifact(data) ? { stage: data, index } : null,
          augmented: { stage: stage.key, index: offset + i },
        })),
      };
    },

    picture: async (stage, index) => {
      const found = hasArtifact(stage.key) ? await listedAt(stage, index) : undefined;
      const allowed = [layout.artifact(stage.key), ...rootsOf(stage.config)];
      if (found === undefined || !allowed.some((folder) => isInside(found.path, folder)))
        throw new CalmError('not_found', `stage ${stage.kind} ${stage.key.slice(0, 8)} lists no photograph ${index}`);
      const { browserPicture } = await import('@calm-orch/datasets');
      return browserPicture(found.path);
    },
  };
  return sources;
}

/** Of a trial's stages the one of a kind that has succeeded. */
function stageOf(tracker: Tracker, runId: string, { row, seed }: TrialName, kind: string): RunStageRecord | undefined {
  return tracker
    .listRunStages(runId)
    .find(
      (stage) =>
        stage.kind === kind &&
        stage.status === 'succeeded' &&
        stage.trials.some((trial) => trial.row === row && trial.seed === seed),
    );
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
