// Stage `data-personal`: the embedded FLICKR-AES, photographs and what each annotator gave them.
import { type StageFunction } from '@calm-orch/core';
import { dataSchema, personalSchema } from '@calm-orch/core/config';
import { writeStudioPersonal } from '@calm-orch/datasets';
import { photoProgress } from './progress.ts';

export const dataPersonal: StageFunction = async (context) => {
  const { stage, outputDir, signal } = context;
  const { data, personal } = stage.config as { data: unknown; personal: unknown };
  const slice = {
    data: dataSchema.pick({ seed: true, imageSize: true }).parse(data),
    personal: personalSchema.pick({ train: true, test: true }).parse(personal),
  };
  const total = slice.personal.train.photos + slice.personal.test.photos;
  await writeStudioPersonal({ ...slice, outputDir, signal, onPhoto: photoProgress(context, total) });
  return { metrics: { 'data/photos': total } };
};
