// The data of a trial: a kind with a variant for each part of them.
import {
  augmentationSide,
  dataItems,
  dataParts,
  dataPools,
  partOf,
  poolSize,
  programRoot,
  type DataPart,
  type DataPool,
  type StageDefinition,
} from '@calm-orch/core';

const poolOf = (part: DataPart): DataPool | undefined => dataPools.find((pool) => pool === part);

export const data: readonly StageDefinition[] = dataParts.map((part) => {
  const pool = poolOf(part);
  return {
    kind: 'data',
    variant: part,
    role: 'augmentor',
    ...(part === 'questions' && { isNeeded: ({ questions }) => questions.everySteps > 0 }),
    ...(pool !== undefined && pool !== 'generic' && { carriedFolder: `${programRoot}assets/photos` }),
    slice: ({ data: config, vision }) => ({
      what: part,
      data: partOf(config, part),
      // Embedded photographs are rendered at the side they are cropped at, so that crops are sharp; files come as they are.
      ...(part === 'unlabeled' && config.source === 'studio' && { unlabeledSide: augmentationSide(vision.imageSize) }),
    }),
    numItems: (trial) => (pool === undefined ? 1 : dataItems(trial.data, pool).length),
    cost: (trial) => (pool === undefined ? 500 : 5 * poolSize(trial.data, pool)),
    load: async () => (await import('./data.ts')).dataStage,
  };
});
