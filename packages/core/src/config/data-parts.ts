// The parts the data of a trial come in. Each is a stage `data` of its own that reads the datasets it needs and no other,
// so that a change of one dataset concerns only what is made of it. Pure functions of the configuration: the coordinator
// plans and the workers compute the same cut into items without asking each other.
import { datasetNames, type DatasetName } from './names.ts';
import type { DataConfig, TrialConfig } from './schema.ts';

/** Photographs made per item, here and in stage `augment`. */
export const photosPerItem = 250;
/** Photographs per item where files are checked instead of made. */
const checkedPerItem = 2500;

/** Pools of photographs. */
export const dataPools = ['labeled', 'validation', 'generic', 'unlabeled'] as const;
export type DataPool = (typeof dataPools)[number];
/** The pools; comments on labelled photographs; questions with answers (CALM-E). */
export const dataParts = ['labeled', 'validation', 'comments', 'generic', 'unlabeled', 'questions'] as const;
export type DataPart = (typeof dataParts)[number];

interface PartDefinition {
  /** Datasets it reads with `data.source: files`. AVA's test list keeps its photographs out of all training. */
  readonly datasets: readonly DatasetName[];
  /** Members of the configuration it reads beside source, seed and datasets. */
  readonly members: readonly (keyof DataConfig)[];
  /** Of files: what it holds depends on which photographs of AVA are of the validation split. */
  readonly knowsValidation?: true;
}

/** Photographs with judgements from which questions are made. */
export const judgedDatasets = ['AADB', 'EVA', 'ICAA17K', 'PCCD', 'SPAQ', 'TAD66K'] as const satisfies DatasetName[];

export const partDefinitions: Readonly<Record<DataPart, PartDefinition>> = {
  labeled: { datasets: ['AVA'], members: ['numTrain', 'numTest'], knowsValidation: true },
  // Of the studio alone, with their comments; AVA's are among the labelled ones, as AVA-Captions tests on some of them.
  validation: { datasets: [], members: ['numVal'] },
  comments: { datasets: ['AVA', 'AVA-Captions'], members: ['numTrain', 'numTest'], knowsValidation: true },
  generic: { datasets: ['LLaVA-Pretrain', 'ShareGPT4V'], members: ['numGeneric'] },
  unlabeled: {
    datasets: ['AVA', ...judgedDatasets, 'Pexels'],
    members: ['numUnlabeled', 'unlabeledTestSplits', 'unlabeledDir'],
    knowsValidation: true,
  },
  questions: {
    datasets: ['AVA', ...judgedDatasets, 'LLaVA-Mix665k'],
    members: ['numTrain', 'numTest', 'numQuestions'],
    knowsValidation: true,
  },
};

/** What of `data` a part reads. */
export function partOf(data: DataConfig, part: DataPart): Partial<DataConfig> {
  const { datasets, members, knowsValidation } = partDefinitions[part];
  const { source, seed, roots, imageSize } = data;
  const own = Object.fromEntries(members.map((member) => [member, data[member]]));
  // Files come at their own sizes.
  return source === 'files'
    ? { source, seed, roots: rootsOf(roots, datasets), ...own, ...(knowsValidation && { numVal: data.numVal }) }
    : { source, seed, imageSize, ...own };
}

/** Whether validation photographs lie in an artifact of their own: the studio's, where a trial is evaluated on them. */
export const hasValidationPart = ({ data, evaluate }: Pick<TrialConfig, 'data' | 'evaluate'>): boolean =>
  data.source === 'studio' && evaluate.split === 'val';

export function rootsOf(roots: DataConfig['roots'], names: readonly DatasetName[]): DataConfig['roots'] {
  const wanted = datasetNames.filter((name) => names.includes(name) && roots[name] !== undefined);
  return Object.fromEntries(wanted.map((name) => [name, roots[name]]));
}

/** `count` photographs of one pool from its 0-based index `first` on. */
export interface DataItem {
  readonly pool: DataPool | 'questions';
  readonly first: number;
  readonly count: number;
}

type PoolSizes = Pick<DataConfig, 'source'> &
  Partial<Pick<DataConfig, 'numTrain' | 'numTest' | 'numVal' | 'numGeneric' | 'numUnlabeled' | 'numQuestions'>>;

/** Photographs of a pool: how many are made, or the most that are used. The studio asks about its labelled photographs. */
export function poolSize(data: PoolSizes, pool: DataItem['pool']): number {
  const { source, numTrain, numTest, numVal, numGeneric, numUnlabeled, numQuestions } = data;
  const isFiles = source === 'files';
  const sizes = {
    labeled: [numTrain, numTest, isFiles ? numVal : 0],
    validation: [isFiles ? 0 : numVal],
    generic: [numGeneric],
    unlabeled: [numUnlabeled],
    questions: isFiles ? [numQuestions] : [],
  }[pool];
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** The items of a pool's stage `data`. */
export function dataItems(data: PoolSizes, pool: DataItem['pool']): DataItem[] {
  const size = poolSize(data, pool);
  const perItem = data.source === 'files' ? checkedPerItem : photosPerItem;
  return Array.from({ length: Math.ceil(size / perItem) }, (_, i) => {
    const first = i * perItem;
    return { pool, first, count: Math.min(perItem, size - first) };
  });
}
