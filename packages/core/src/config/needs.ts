// Which datasets a trial cannot do without when it reads files (docs/data.md). Nothing takes the place of one that is missing.
import { judgedDatasets, partDefinitions } from './data-parts.ts';
import { qformerLevels, type DatasetName } from './names.ts';
import type { TrialConfig } from './schema.ts';

export interface DatasetNeed {
  /** For people: `scores`. */
  readonly what: string;
  readonly datasets: readonly DatasetName[];
  /** All of them, or one at least. */
  readonly of: 'all' | 'any';
}

const all = (what: string, ...datasets: readonly DatasetName[]): DatasetNeed => ({ what, datasets, of: 'all' });
const any = (what: string, ...datasets: readonly DatasetName[]): DatasetNeed => ({ what, datasets, of: 'any' });

export function datasetNeeds({ mfam, evaluate, questions }: TrialConfig): DatasetNeed[] {
  const { generic } = partDefinitions;
  return [
    all('photographs with scores, and the test list', 'AVA'),
    all('comments', 'AVA-Captions'),
    ...(mfam.levels.includes('thematic') ? [any('captions for generic pre-training', ...generic.datasets)] : []),
    ...(evaluate.personal ? [all('scores by annotator', 'FLICKR-AES')] : []),
    // On the validation split AVA's are degraded.
    ...(evaluate.suggestions && evaluate.split === 'test' ? [all('good photographs to degrade', 'PCCD')] : []),
    ...(questions.use ? [all('questions and answers', ...judgedDatasets, 'LLaVA-Mix665k')] : []),
  ];
}

/** Datasets of which a trial takes what is there: of the unlabelled pool, and of generic pre-training. */
export function datasetsWelcome({ mfam, augment }: TrialConfig): readonly DatasetName[] {
  const isTrained = qformerLevels.some((level) => mfam.levels.includes(level)) && augment.groups.length > 0;
  return [
    ...(isTrained ? partDefinitions.unlabeled.datasets : []),
    ...(mfam.levels.includes('thematic') ? partDefinitions.generic.datasets : []),
  ];
}
