// How many photographs the datasets of this machine have for each pool, before any limit and before any is decoded.
import { join } from 'node:path';
import { CalmError, type DataConfig } from '@calm-orch/core';
import { avaCaptionsFile, countAvaCaptions } from '../ava-captions/captions-file.ts';
import {
  avaTestIds,
  genericCandidates,
  labeledCandidates,
  unlabeledCandidates,
  wantedRoot,
  type LabeledCandidate,
} from './candidates.ts';
import { questionCandidates } from './question-candidates.ts';

export interface FoundPool {
  readonly pool:
    | 'scoring, train'
    | 'scoring, val'
    | 'scoring, test'
    | 'commenting, train'
    | 'commenting, val'
    | 'commenting, test'
    | 'unlabelled'
    | 'generic'
    | 'questions';
  readonly found: number;
  /** Why there are none. */
  readonly problem?: string;
}

/** Of `source: files`. Photographs of the validation split are drawn, and are not among those for training. A dataset that is missing or cannot be read is a problem of its pools, not an error. */
export async function foundPools(data: DataConfig, withQuestions: boolean): Promise<FoundPool[]> {
  const most = Number.MAX_SAFE_INTEGER;
  const all = { ...data, numTrain: most, numTest: most, numGeneric: most, numUnlabeled: most, numQuestions: most };
  const labeled = await tried(() => labeledCandidates(all));
  const ofSplit = (split: LabeledCandidate['split']): readonly LabeledCandidate[] =>
    (labeled.found ?? []).filter((photo) => photo.split === split);
  const comments = await tried(() => {
    const root = wantedRoot(data, 'AVA-Captions', 'comments');
    const ava = { train: ofSplit('train'), val: ofSplit('val'), test: ofSplit('test'), testIds: avaTestIds(data) };
    return countAvaCaptions(join(root, avaCaptionsFile), ava);
  });
  const unlabeled = await tried(() => unlabeledCandidates(all));
  const generic = await tried(() => genericCandidates(all));
  const asked = withQuestions ? await tried(() => questionCandidates(all)) : null;
  const pool = (name: FoundPool['pool'], found: number | undefined, { problem }: { problem?: string }): FoundPool => ({
    pool: name,
    found: found ?? 0,
    ...(problem !== undefined && { problem }),
  });
  return [
    pool('scoring, train', ofSplit('train').length, labeled),
    pool('scoring, val', ofSplit('val').length, labeled),
    pool('scoring, test', ofSplit('test').length, labeled),
    pool('commenting, train', comments.found?.train, comments),
    pool('commenting, val', comments.found?.val, comments),
    pool('commenting, test', comments.found?.test, comments),
    pool('unlabelled', unlabeled.found?.length, unlabeled),
    pool('generic', generic.found?.length, generic),
    ...(asked === null ? [] : [pool('questions', asked.found?.length, asked)]),
  ];
}

async function tried<T>(find: () => T | Promise<T>): Promise<{ readonly found?: T; readonly problem?: string }> {
  try {
    return { found: await find() };
  } catch (error) {
    if (error instanceof CalmError) return { problem: error.message };
    throw error;
  }
}
