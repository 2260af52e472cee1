// Whether a dataset is there at all: of the files and folders its reader cannot do without, the first that is missing.
// Nothing is read, so that a run can be refused before it is planned.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetName } from '@calm-orch/core';
import { aadbFiles, aadbListName } from '../aadb/read.ts';
import { avaImageFolders, avaLabelFiles, avaTestList } from '../ava/read.ts';
import { avaCaptionsFile } from '../ava-captions/captions-file.ts';
import { evaFiles } from '../eva/read.ts';
import { flickrAesFiles } from '../flickr-aes/rows.ts';
import { icaa17kFiles } from '../icaa17k/read.ts';
import { conversationFiles } from '../llava/conversation-set.ts';
import { pccdFiles } from '../pccd/read.ts';
import { pexelsLists } from '../pexels/read.ts';
import { spaqFiles } from '../spaq/read.ts';
import { tad66kFiles } from '../tad66k/read.ts';

/** Each in any of the folders. */
const below = (folders: readonly string[], ...names: readonly string[]): readonly string[][] =>
  names.map((name) => folders.map((folder) => join(folder, name)));

/** Of each list one must be there, relative to the root. */
const wanted: Readonly<Record<DatasetName, readonly (readonly string[])[]>> = {
  AVA: [avaLabelFiles, [avaTestList], avaImageFolders],
  'AVA-Captions': [[avaCaptionsFile]],
  'FLICKR-AES': [[flickrAesFiles.ratings], [flickrAesFiles.images]],
  PCCD: [pccdFiles.labels, [pccdFiles.images]],
  EVA: [[evaFiles.votes], [evaFiles.categories]],
  AADB: below(
    [aadbFiles.lists, `${aadbFiles.lists}/${aadbFiles.lists}`],
    ...(['train', 'validation', 'test'] as const).map((split) => aadbListName(split, 'score')),
  ),
  SPAQ: below([spaqFiles.labels, 'annotations'], spaqFiles.scores),
  TAD66K: below(['', 'dataset', 'labels'], `${tad66kFiles.merge}/train.csv`, `${tad66kFiles.merge}/test.csv`),
  ICAA17K: below(['', 'dataset/ICAA17K'], icaa17kFiles.train, icaa17kFiles.test),
  Pexels: below(['', 'dataset'], ...Object.values(pexelsLists)),
  'LLaVA-Pretrain': [conversationFiles['LLaVA-Pretrain'].labels],
  ShareGPT4V: [conversationFiles.ShareGPT4V.labels],
  'LLaVA-Mix665k': [conversationFiles['LLaVA-Mix665k'].labels],
};

/** What is missing of the dataset below `root`, as a path; null: nothing its reader needs. */
export function missingOf(name: DatasetName, root: string): string | null {
  if (!existsSync(root)) return root;
  const lacking = wanted[name].find((places) => !places.some((place) => existsSync(join(root, place))));
  return lacking === undefined ? null : join(root, lacking[0]!);
}
