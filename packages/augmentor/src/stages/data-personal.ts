// Stage `data-personal`: photographs and what each annotator gave them. Makes the embedded FLICKR-AES, or lists what can be
// used of the one on this machine.
import type { EvaluationSplit, PersonalConfig, StageFunction, StageResult } from '@calm-orch/core';
import { dataSchema, personalSchema } from '@calm-orch/core/config';
import { listFlickrAes, wantedRoot, writeStudioPersonal } from '@calm-orch/datasets';
import { photoProgress } from './progress.ts';

export const dataPersonal: StageFunction = async (context): Promise<StageResult> => {
  const { stage, item, outputDir, signal } = context;
  const slice = stage.config as { data: unknown; personal: unknown; split?: EvaluationSplit };
  const split = slice.split ?? 'test';
  const { source, seed, ...data } = dataSchema.partial().required({ source: true, seed: true }).parse(slice.data);
  // The slice holds what the source has a use for.
  const personal = personalSchema.partial().parse(slice.personal) as PersonalConfig;
  if (source === 'files') {
    const root = wantedRoot({ roots: data.roots ?? {} }, 'FLICKR-AES', 'personal scores');
    const { kept, dropped } = await listFlickrAes({
      root,
      seed,
      personal,
      split,
      item,
      outputDir,
      signal,
      onPhoto: (done, total) => photoProgress(context, total)(done),
    });
    return { metrics: { 'data/photos': kept, 'data/skipped': dropped } };
  }
  const total = personal.train.photos + personal.test.photos;
  const studio = { seed, imageSize: data.imageSize! };
  await writeStudioPersonal({
    data: studio,
    personal,
    split,
    outputDir,
    signal,
    onPhoto: photoProgress(context, total),
  });
  return { metrics: { 'data/photos': total } };
};
