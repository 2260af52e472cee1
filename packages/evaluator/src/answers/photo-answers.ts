// What a trained model answers about photographs that are in no dataset: one's own.
import { CalmError, type TrialConfig } from '@calm-orch/core';
import {
  answerStartOf,
  clipSquare,
  instructionOf,
  loadImage,
  mean,
  squareViews,
  toPixels,
  turnSquare,
  type RgbImage,
} from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import {
  attentionMaps,
  createPhotoEncoder,
  memoryTaps,
  openFoundation,
  lazyWeights,
  type AttentionMap,
  type Taps,
} from '@calm-orch/model';
import { createGenerator } from './generate.ts';
import { expectationReader, scoreReader } from './read-score.ts';
import { openStageLanguage, withAnswerStart } from './stage-language.ts';

export const photoQuestions = ['score', 'comment', 'suggest'] as const;
export type PhotoQuestion = (typeof photoQuestions)[number];

export interface PhotoAnswer {
  readonly file: string;
  /**
   * 1..10, the mean over `evaluate.scoreViews` of the expectation over the digits of the answer, as finer than the whole
   * number written; null: no number in any view.
   */
  readonly score?: number | null;
  readonly comment?: string;
  readonly suggestion?: string;
  /** What each level of the MFAM attends to in the photograph as it is; where it was asked for. */
  readonly attention?: readonly AttentionMap[];
}

/** The square of a photograph that the ViT reads. */
export interface PhotoSquare {
  /** What the answer calls it. */
  readonly file: string;
  /** [side, side, 3] normalised. */
  readonly pixels: Float32Array;
}

export interface UnreadablePhoto {
  readonly file: string;
  readonly reason: string;
}

export interface PhotoAnswersSpec {
  readonly config: TrialConfig;
  /** Folder of the artifact of the pretrained models. */
  readonly foundation: string;
  /** File of the trained weights. */
  readonly model: string;
  readonly question: PhotoQuestion;
  /** @default false */
  readonly attention?: boolean;
}

const encodeBatch = 16;
/** Tokens of the longest score, "10.00" and the end. */
const scoreTokens = 6;

/** Answers in the order of the files; files that are no photographs are told apart. */
export async function answerAboutPhotos(
  files: readonly string[],
  spec: PhotoAnswersSpec,
): Promise<{ readonly answers: readonly PhotoAnswer[]; readonly unreadable: readonly UnreadablePhoto[] }> {
  const images: PhotoSquare[] = [];
  const unreadable: UnreadablePhoto[] = [];
  for (const file of files) {
    try {
      images.push(photoSquare(file, await loadImage(file), spec.config));
    } catch (error) {
      if (!(error instanceof CalmError)) throw error;
      unreadable.push({ file, reason: error.message });
    }
  }
  return { answers: images.length === 0 ? [] : await answerAboutSquares(images, spec), unreadable };
}

export const photoSquare = (file: string, image: RgbImage, { vision, encode }: TrialConfig): PhotoSquare => ({
  file,
  pixels: toPixels(clipSquare(image, vision.imageSize, encode.fit)),
});

/** Answers in the order of the photographs, of which there is one at least. */
export async function answerAboutSquares(
  images: readonly PhotoSquare[],
  spec: PhotoAnswersSpec,
): Promise<readonly PhotoAnswer[]> {
  const { config, question } = spec;
  const { scoreReadout, scoreViews } = config.evaluate;
  const { imageSize } = config.vision;
  const ways = question === 'score' ? squareViews[scoreViews] : squareViews.upright;
  /** All ways of the first photograph, then of the second, ... */
  const views = images.flatMap(({ pixels }) => ways.map((way) => turnSquare(pixels, imageSize, way)));
  const language = openStageLanguage(config, spec.foundation);
  const { tokenizer } = language;
  const foundation = openFoundation(spec.foundation);
  const engine = await startEngine();
  const encoder = createPhotoEncoder(engine, {
    vision: config.vision,
    layers: [...new Set(Object.values(config.mfam.taps))].sort((a, b) => a - b),
    weights: foundation.vision(config.vision),
    standardize: config.mfam.standardizeTaps,
    precision: config.train.precision,
    batchSize: Math.min(encodeBatch, views.length),
  });
  let taps: Taps;
  try {
    const states = encoder.encode(views);
    taps = memoryTaps(
      images.flatMap(({ file }) => ways.map((way) => `${file}:${way}`)),
      encoder.tokens,
      encoder.width,
      states,
    );
  } finally {
    encoder.close();
    foundation.close();
  }
  // The expectation is finer than the whole number that is written, which is what the text says.
  const reader = scoreReadout === 'text' ? expectationReader(tokenizer) : scoreReader(scoreReadout, tokenizer);
  const ask = language.instruct(instructionOf(config.prompt.template, question));
  const start = question === 'score' ? config.scorePrefix : answerStartOf(config.prompt.template, question);
  const trained = { mfam: config.mfam, llm: config.llm, taps, weights: lazyWeights(spec.model) };
  const generator = createGenerator(engine, {
    ...trained,
    precision: config.train.precision,
    tokenizer,
    prompt: withAnswerStart(ask, tokenizer.encode(start)),
    ...(question === 'score' && { watch: reader.watch }),
    maxTokens: question === 'score' ? scoreTokens : config.evaluate.maxCommentTokens,
    batchSize: Math.min(config.evaluate.batchSize, views.length),
  });
  try {
    const generated = await generator.generate(views.map((_, row) => row));
    const said = images.map(({ file }, i): PhotoAnswer => {
      const own = generated.slice(i * ways.length, (i + 1) * ways.length);
      const text = tokenizer.decode(own[0]!.ids);
      switch (question) {
        case 'score':
          return { file, score: mean(own.flatMap((answer) => reader.read(answer) ?? [])) };
        case 'comment':
          return { file, comment: text };
        case 'suggest':
          return { file, suggestion: text };
      }
    });
    if (spec.attention !== true) return said;
    return await Promise.all(
      said.map(async (answer, i) => {
        // The first way is the photograph as it is.
        return { ...answer, attention: await attentionMaps(engine, trained, i * ways.length) };
      }),
    );
  } finally {
    generator.close();
  }
}
