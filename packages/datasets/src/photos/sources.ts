// Which photograph of the unlabelled pool comes from where: most are studio scenes, the rest crops of the carried
// photographs and of the user's. A pure function of the configuration and the names in the user's folder; a photograph
// that turns out unusable gives its place to a studio scene, so no other place moves.
import { join } from 'node:path';
import { CalmError, rng, type DataConfig } from '@calm-orch/core';
import { loadImage, type RgbImage } from '../images/images.ts';
import { loadMask, maskFileOf } from '../images/masks.ts';
import { loadCarriedPhoto } from './carried.ts';
import { heldOutCheck, type HeldOutCheck } from './held-out.ts';
import { trainingPhotos, type CarriedPhoto } from './photo-list.ts';

export type PoolSource =
  | { readonly kind: 'studio' }
  | { readonly kind: 'photo'; readonly photo: CarriedPhoto }
  | { readonly kind: 'user'; readonly name: string };

export interface SkippedPhoto {
  readonly file: string;
  readonly reason: string;
}

/** Share of the pool that is not studio scenes, when the user adds nothing. */
const photoShare = 0.15;
/** Larger photographs are reduced to this before they are cropped, as the carried ones are. */
const maxSide = 1024;

/**
 * The source of every photograph of the pool, by index. Each of the user's photographs has a place, as long as the
 * pool has room (half of the carried photographs' places stay theirs); spare places repeat photographs, cropped anew.
 */
export function poolSources(
  data: Pick<DataConfig, 'seed' | 'numUnlabeled'>,
  userNames: readonly string[],
): PoolSource[] {
  const { seed, numUnlabeled } = data;
  const numPhotos = Math.round(photoShare * numUnlabeled);
  const numCarried = userNames.length === 0 ? numPhotos : Math.min(numUnlabeled, Math.ceil(numPhotos / 2));
  const numUser =
    userNames.length === 0
      ? 0
      : Math.min(numUnlabeled - numCarried, Math.max(userNames.length, numPhotos - numCarried));
  const places = rng('studio', seed, 'unlabeled', 'places').shuffle(Array.from({ length: numUnlabeled }, (_, i) => i));
  const sources: PoolSource[] = Array.from({ length: numUnlabeled }, () => ({ kind: 'studio' }));
  places.slice(0, numCarried).forEach((place, i) => {
    sources[place] = { kind: 'photo', photo: trainingPhotos[i % trainingPhotos.length]! };
  });
  places.slice(numCarried, numCarried + numUser).forEach((place, i) => {
    sources[place] = { kind: 'user', name: userNames[i % userNames.length]! };
  });
  return sources;
}

/** Loads photographs of the pool, each once; null for one that may not or cannot be used, with the reason kept. */
export class PhotoShelf {
  readonly #dir: string | null;
  readonly #loaded = new Map<string, RgbImage | null>();
  readonly #skipped: SkippedPhoto[] = [];
  #check: HeldOutCheck | null = null;

  constructor(unlabeledDir: string | null) {
    this.#dir = unlabeledDir;
  }

  get skipped(): readonly SkippedPhoto[] {
    return this.#skipped;
  }

  async load(source: Exclude<PoolSource, { kind: 'studio' }>): Promise<RgbImage | null> {
    const key = source.kind === 'photo' ? `photo/${source.photo.name}` : `user/${source.name}`;
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const image = source.kind === 'photo' ? await loadCarriedPhoto(source.photo) : await this.#loadUser(source.name);
    // Carried photographs recur in every item, the user's mostly do not: keeping thousands would fill the memory.
    if (source.kind === 'photo' || image === null) this.#loaded.set(key, image);
    return image;
  }

  async #loadUser(name: string): Promise<RgbImage | null> {
    let image: RgbImage;
    try {
      const path = join(this.#dir ?? '', name);
      image = await loadImage(path, { maxSide });
      const mask = maskFileOf(path);
      if (mask !== null) await loadMask(mask, image, { reduced: true });
    } catch (error) {
      // Anything else is no fault of the photograph: the stage is tried again.
      if (!(error instanceof CalmError) || (error.code !== 'bad_data' && error.code !== 'not_found')) throw error;
      this.#skipped.push({ file: name, reason: error.message });
      return null;
    }
    this.#check ??= await heldOutCheck();
    const heldOut = await this.#check(image);
    if (heldOut === null) return image;
    this.#skipped.push({ file: name, reason: `is a copy of ${heldOut}, which is for testing only` });
    return null;
  }
}
