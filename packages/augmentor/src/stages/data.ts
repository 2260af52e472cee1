// Stage `data`: makes a part of the embedded data on disk, in the real datasets' formats, or lists what of the datasets on
// this machine can be used. An item is a slice of a pool; item 0 writes the lists as well. Every file depends on the
// configuration alone, so items may run in any order, on any worker, and again.
import { CalmError, dataItems, type DataConfig, type DataPart, type StageFunction } from '@calm-orch/core';
import { dataSchema } from '@calm-orch/core/config';
import { writeCatalog, writeCatalogComments, writeStudioImages, writeStudioList } from '@calm-orch/datasets';
import { checkedOf } from './data.kind.ts';
import { photoProgress } from './progress.ts';

interface DataSlice {
  readonly what: DataPart;
  readonly data: unknown;
  /** Pixels, of the studio's unlabelled photographs. */
  readonly unlabeledSide?: number;
}

export const dataStage: StageFunction = async (context) => {
  const { stage, item: number, outputDir, signal } = context;
  const { what, data: slice, unlabeledSide } = stage.config as unknown as DataSlice;
  // A part holds what it reads of the section, no more.
  const data = dataSchema.partial().parse(slice) as DataConfig;
  const isStudio = data.source === 'studio';
  const lists = { part: what, data, outputDir, signal, onPhoto: () => context.alive?.() };
  const pool = checkedOf(what, data);
  if (pool === undefined) {
    if (isStudio) await writeStudioList(lists);
    else writeCatalogComments(data, outputDir);
    return {};
  }
  const items = dataItems(data, pool);
  const item = items[number];
  if (item === undefined)
    throw new CalmError(
      'invalid_argument',
      `stage data ${pool}: expected an item below ${items.length}, got ${number}`,
    );
  const onPhoto = photoProgress(context, item.count);
  if (!isStudio) {
    const { kept, dropped } = await writeCatalog({ data, item, outputDir, signal, onPhoto });
    return { metrics: { 'data/photos': kept, 'data/skipped': dropped.length } };
  }
  const skipped = number === 0 ? await writeStudioList(lists) : [];
  await writeStudioImages({
    data,
    item,
    outputDir,
    signal,
    onPhoto,
    ...(unlabeledSide !== undefined && { unlabeledSide }),
  });
  return { metrics: { 'data/photos': item.count, ...(number === 0 && { 'data/skipped': skipped.length }) } };
};
