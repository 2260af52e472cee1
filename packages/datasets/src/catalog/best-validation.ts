// The good photographs that suggestions are evaluated about on the validation split of this machine's datasets: AVA's best of
// that split by mean score, ties by id. PCCD's best are the test's.
import { CalmError, type DataConfig } from '@calm-orch/core';
import { checkImage } from '../images/check-image.ts';
import { avaPhotos } from './candidates.ts';

/** The best `count` that decode, or as many as there are. @throws CalmError not_found or bad_data ('file:line: …'). */
export async function bestOfValidation(
  data: Pick<DataConfig, 'roots' | 'numVal'>,
  count: number,
): Promise<{ readonly photo: string; readonly path: string }[]> {
  const ranked = avaPhotos(data)
    .photos.filter(({ split }) => split === 'val')
    .sort((a, b) => b.meanScore - a.meanScore || a.id - b.id);
  const best: { photo: string; path: string }[] = [];
  for (const { id, path } of ranked) {
    if (best.length === count) break;
    if ((await checkImage(path)) === null) best.push({ photo: String(id), path });
  }
  if (best.length > 0) return best;
  throw new CalmError(
    'bad_data',
    "AVA: no photograph of the val split decodes, none can be suggested about; its limit is data.numVal, a tenth of AVA's training photographs at most",
  );
}
