// Stage `data`: makes the embedded data set on disk, in the real datasets' formats, or lists which photographs of the
// datasets on this machine can be used. An item is a slice of one pool; item 0 writes the lists as well. Every file depends on the configuration alone, so items may run in any
// order, on any worker, and again.
import { CalmError, dataItems, type StageFunction } from '@calm-orch/core';
import { dataSchema } from '@calm-orch/core/config';
import { writeCatalog, writeStudioImages, writeStudioLists } from '@calm-orch/datasets';
import { photoProgress } from './progress.ts';

export const dataStage: StageFunction = async (context) => {
  const { stage, item: number, outputDir, signal } = context;
  const { data: config, unlabeledSide } = stage.config as { data: unknown; unlabeledSide?: number };
  const data = dataSchema.parse(config);
  const item = dataItems(data)[number];
  if (item === undefined) {
    throw new CalmError(
      'invalid_argument',
      `stage data: expected an item below ${dataItems(data).length}, got ${number}`,
    );
  }
  if (data.source === 'files') {
    const { kept, dropped } = await writeCatalog({
      data,
      item,
      first: number === 0,
      outputDir,
      signal,
      onPhoto: photoProgress(context, item.count),
    });
    return { metrics: { 'data/photos': kept, 'data/skipped': dropped.length } };
  }
  const lists = { data, outputDir, signal, onPhoto: () => context.alive?.() };
  const skipped = number === 0 ? (await writeStudioLists(lists)).skipped : [];
  await writeStudioImages({
    data,
    item,
    outputDir,
    signal,
    onPhoto: photoProgress(context, item.count),
    ...(unlabeledSide !== undefined && { unlabeledSide }),
  });
  return { metrics: { 'data/photos': item.count, ...(number === 0 ? { 'data/skipped': skipped.length } : {}) } };
};
