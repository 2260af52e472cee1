// The hidden states a stage reads: from the artifacts where they are stored, or computed here from photographs.
import { CalmError, type LiveEncoding, type PhotographSet, type StageContext } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { openFoundation } from '../foundation/open-foundation.ts';
import { liveTaps, type Photographs } from './live-taps.ts';
import { createPhotoEncoder } from './photo-encoder.ts';
import { joinTaps, openTaps, type Taps } from './taps.ts';

/** Datasets' way to read photographs: they know artifacts and files, this package does not. */
export interface PhotographReader {
  photographsOf(
    what: PhotographSet,
    inputs: Readonly<Record<string, string>>,
  ): readonly { readonly id: string; readonly path: string }[];
  decodedPhotographs(
    photographs: readonly { readonly id: string; readonly path: string }[],
    square: { readonly side: number; readonly fit: LiveEncoding['fit'] },
  ): Photographs;
}

type Context = Pick<StageContext, 'inputs' | 'alive'>;

/** Of photographs the foundation's ViT sees at these layers, ascending. @throws as `createPhotoEncoder` */
export async function openLiveTaps(
  { inputs, alive }: Context,
  photographs: ReturnType<PhotographReader['photographsOf']>,
  { vision, standardizeTaps, fit, precision }: LiveEncoding,
  layers: readonly number[],
  { decodedPhotographs }: Pick<PhotographReader, 'decodedPhotographs'>,
): Promise<Taps> {
  const foundation = openFoundation(inputs.foundation);
  try {
    const encoder = createPhotoEncoder(await startEngine(), {
      vision,
      layers,
      weights: foundation.vision(vision),
      standardize: standardizeTaps,
      precision,
    });
    return liveTaps(decodedPhotographs(photographs, { side: vision.imageSize, fit }), encoder, layers, alive);
  } finally {
    foundation.close();
  }
}

/**
 * Hidden states of sets of photographs, one after the other. They are stored in inputs `encodeLabeled` and so on, those of
 * sets that no stage has encoded apart, or computed as `live` of the stage's configuration says.
 */
export async function openStageTaps(
  context: Context & Pick<StageContext, 'stage'>,
  sets: readonly PhotographSet[],
  layers: readonly number[],
  reader: PhotographReader,
): Promise<Taps> {
  const { inputs, stage } = context;
  const { live } = stage.config as { readonly live?: LiveEncoding };
  if (live !== undefined) {
    const photographs = sets.flatMap((what) => reader.photographsOf(what, inputs));
    return openLiveTaps(context, photographs, live, layers, reader);
  }
  const stored = sets.flatMap((what) => inputs[`encode${what[0]!.toUpperCase()}${what.slice(1)}`] ?? []);
  const [first] = stored;
  if (first === undefined)
    throw new CalmError('internal', `${stage.kind}: neither stored hidden states of ${sets.join(', ')} nor live ones`);
  return stored.length === 1 ? openTaps(first) : joinTaps(stored.map(openTaps));
}
