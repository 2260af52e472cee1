// The data of a trial: a kind with a variant for each part of them.
import {
  augmentationSide,
  dataItems,
  dataParts,
  dataPools,
  hasValidationPart,
  partOf,
  poolSize,
  programRoot,
  type DataConfig,
  type DataItem,
  type DataPart,
  type StageDefinition,
} from '@calm-orch/core';

/** What of a part is cut into items; of the others one item writes all. */
export const checkedOf = (part: DataPart, { source }: Pick<DataConfig, 'source'>): DataItem['pool'] | undefined =>
  dataPools.find((pool) => pool === part) ?? (part === 'questions' && source === 'files' ? part : undefined);

function isNeededOf(part: DataPart): Pick<StageDefinition, 'isNeeded'> {
  if (part === 'questions') return { isNeeded: ({ questions }) => questions.use };
  if (part === 'validation') return { isNeeded: hasValidationPart };
  return {};
}

export const data: readonly StageDefinition[] = dataParts.map((part) => {
  const isPictured = part === 'labeled' || part === 'unlabeled';
  return {
    kind: 'data',
    variant: part,
    role: 'augmentor',
    ...isNeededOf(part),
    ...(isPictured && { carriedFolder: `${programRoot}assets/photos` }),
    slice: ({ data: config, vision }) => ({
      what: part,
      data: partOf(config, part),
      // Embedded photographs are rendered at the side they are cropped at, so that crops are sharp; files come as they are.
      ...(part === 'unlabeled' && config.source === 'studio' && { unlabeledSide: augmentationSide(vision.imageSize) }),
    }),
    numItems: ({ data: config }) => {
      const pool = checkedOf(part, config);
      return pool === undefined ? 1 : dataItems(config, pool).length;
    },
    cost: ({ data: config }) => {
      const pool = checkedOf(part, config);
      return pool === undefined ? 500 : 5 * poolSize(config, pool);
    },
    load: async () => (await import('./data.ts')).dataStage,
  };
});
