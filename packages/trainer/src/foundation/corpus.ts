// The text a language model of the embedded world grows up with: photographs described in words, never shown. Each text
// is some words in free order (what later become vision tokens), an instruction, an answer. It learns to read a loose
// description and to speak in captions, pseudo-labels and comments; scores are not among them: how good a photograph is
// stands in the labelled data only.
import { rng, type Rng } from '@calm-orch/core';
import {
  attributeNames,
  commentsOn,
  contentCaption,
  drawDegradation,
  instructions,
  labelsOf,
  studioScene,
  tasteScore,
  traitsOf,
  wordsOf,
  type AttributeName,
  type Scene,
} from '@calm-orch/datasets';
import type { Tokenizer } from '@calm-orch/model';

export const textTasks = ['caption', 'single', 'pair', 'comment'] as const;
export type TextTask = (typeof textTasks)[number];

export interface TextSample {
  /** Words of the description, exactly `slots` of them. */
  readonly description: readonly number[];
  readonly instruction: readonly number[];
  /** Ends with the end token. */
  readonly answer: readonly number[];
}

const shuffledWords = (tokenizer: Tokenizer, texts: readonly string[], slots: number, random: Rng): number[] => {
  const words = texts.flatMap((text) => tokenizer.encode(text));
  return Array.from({ length: slots }, () => random.pick(words));
};

const objectWords = (scene: Scene, random: Rng): string => contentCaption(scene, random);

/** One to three attributes that do not contradict each other. */
function drawAttributes(random: Rng): AttributeName[] {
  const chosen: AttributeName[] = [];
  const axes = new Set<string>();
  const wanted = 1 + random.int(3);
  for (const name of random.shuffle(attributeNames)) {
    const { axis } = wordsOf(name);
    if (axes.has(axis) || chosen.length === wanted) continue;
    axes.add(axis);
    chosen.push(name);
  }
  return attributeNames.filter((name) => chosen.includes(name));
}

const attributeTexts = (names: readonly AttributeName[], random: Rng): string[] =>
  names.map((name) => random.pick(wordsOf(name).states));

/** Text `id` of a task, with `slots` words of description per photograph. */
export function textSample(task: TextTask, tokenizer: Tokenizer, slots: number, seed: number, id: number): TextSample {
  const random = rng('corpus', seed, task, id);
  const scene = studioScene(seed, 'foundation', 1_000_000 + id);
  const end = [tokenizer.endId];
  const ids = (text: string): number[] => tokenizer.encode(text);
  switch (task) {
    case 'caption': {
      const caption = contentCaption(scene, random);
      return {
        description: shuffledWords(tokenizer, [caption], slots, random),
        instruction: [],
        answer: [...ids(caption), ...end],
      };
    }
    case 'comment': {
      const degradation = drawDegradation(random);
      const comments = commentsOn(scene, degradation, tasteScore(traitsOf(scene, degradation)), random);
      const answer = [...ids(comments[0]!), ...end];
      return {
        description: shuffledWords(tokenizer, comments.slice(0, 3), slots, random),
        instruction: ids(instructions.comment[0]),
        answer,
      };
    }
    case 'single': {
      const names = drawAttributes(random);
      const words = shuffledWords(
        tokenizer,
        [...attributeTexts(names, random), objectWords(scene, random)],
        slots,
        random,
      );
      return {
        description: words,
        instruction: ids(instructions.sslSingle[0]),
        answer: [...ids(labelsOf(names, random, 1).single[0]!), ...end],
      };
    }
    case 'pair': {
      const names = drawAttributes(random);
      const augmented = shuffledWords(
        tokenizer,
        [...attributeTexts(names, random), objectWords(scene, random)],
        slots,
        random,
      );
      const original = shuffledWords(tokenizer, [objectWords(scene, random)], slots, random);
      const first = random.uniform() < 0.5;
      const labels = labelsOf(names, random, 1);
      const answer = [...ids((first ? labels.augmentedFirst : labels.augmentedSecond)[0]!), ...end];
      return {
        description: first ? [...augmented, ...original] : [...original, ...augmented],
        instruction: ids(instructions.sslPair[0]),
        answer,
      };
    }
  }
}
