// The labelled pool: rendered scenes, and among the training photographs crops of the carried ones, so that a scorer has seen
// what photographs look like. Those get faults, votes and comments as scenes do; what nobody knows of them (where the
// subject lies, how busy it is) counts as average and is not spoken of.
import { rng, type DataConfig, type Rng } from '@calm-orch/core';
import type { RgbImage } from '../images/images.ts';
import { trainingPhotos, type CarriedPhoto } from '../photos/photo-list.ts';
import { pipelineOf } from '../pipeline.ts';
import { squareViews, turnSquare } from '../images/turn-square.ts';
import { commentsOn } from './comments.ts';
import { degrade, type Degradation } from './degrade.ts';
import { randomSquare } from './random-square.ts';
import { testIdsOf } from '../catalog/layout.ts';
import { studioImage, studioScene } from './photo.ts';
import type { Scene } from './scene.ts';
import {
  drawDegradation,
  drawPhotographDegradation,
  drawVotes,
  tasteScore,
  traitsOf,
  traitVectorOf,
  type Traits,
} from './taste.ts';

export interface LabeledRecord {
  /** null: a crop of a photograph. */
  readonly scene: Scene | null;
  readonly degradation: Degradation;
  readonly traits: Traits;
  /** In the order of `traitNames`. */
  readonly traitVector: readonly number[];
  /** Vote counts c1..c10. */
  readonly votes: readonly number[];
  readonly comments: readonly string[];
}

/** Share of the labelled training photographs that are crops of carried ones; the test ones are all rendered. */
const photographedShare = 0.4;
/** In the one without colours nobody could see what became of them. */
const photographs = trainingPhotos.filter(({ name }) => name !== 'camera');

/** The photograph each labelled id is a crop of, where it is one. Test ids never are. */
export function photographedIds(
  data: Pick<DataConfig, 'seed' | 'numTrain' | 'numTest'>,
): ReadonlyMap<number, CarriedPhoto> {
  const isTest = new Set(testIdsOf(data));
  const trainIds = Array.from({ length: data.numTrain + data.numTest }, (_, i) => i + 1).filter(
    (id) => !isTest.has(id),
  );
  const chosen = rng('studio', data.seed, 'labeled', 'photographed').shuffle(trainIds);
  return new Map(
    chosen
      .slice(0, Math.round(photographedShare * data.numTrain))
      .map((id, i) => [id, photographs[i % photographs.length]!]),
  );
}

/** All that is known about a labelled photograph; `photographed`: it is a crop. */
export function labeledRecord(seed: number, id: number, photographed: boolean): LabeledRecord {
  const key = keyOf(seed, id);
  const scene = photographed ? null : studioScene(seed, 'labeled', id);
  const degradation = (photographed ? drawPhotographDegradation : drawDegradation)(key('degradation'));
  const traits = traitsOf(scene, degradation);
  const score = tasteScore(traits);
  return {
    scene,
    degradation,
    traits,
    traitVector: traitVectorOf(traits),
    votes: drawVotes(score, key('votes')),
    comments: commentsOn(scene, degradation, score, key('comments')),
  };
}

/** The pixels of a labelled photograph, side*side*3, RGB, 0..1: rendered, or cut out of `photo`. */
export async function labeledImage(
  seed: number,
  id: number,
  photo: RgbImage | null,
  side: number,
): Promise<Float32Array> {
  if (photo === null) return studioImage(seed, 'labeled', id, side).image;
  const key = keyOf(seed, id);
  const square = randomSquare(photo, side, key('crop'));
  const bytes = await pipelineOf(photo).extract(square).resize(side, side).raw().toBuffer();
  // Photographs are few: turned and mirrored they are eight times as many, and taken no better or worse.
  const image = turnSquare(
    Float32Array.from(bytes, (value) => value / 255),
    side,
    key('turn').pick(squareViews.all),
  );
  return degrade(image, side, drawPhotographDegradation(key('degradation')), key('noise'));
}

const keyOf =
  (seed: number, id: number) =>
  (part: string): Rng =>
    rng('studio', seed, 'labeled', id, part);
