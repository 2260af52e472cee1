// What a trial's evaluation stages left about each photograph, for people to look at: scores, comments, suggestions. Outside
// this package it is `@calm-orch/evaluator/answers`, which loads no model.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DegradationName } from '@calm-orch/datasets';
import { keywordJudge } from '../answers/suggestion-judge.ts';
import { readCommentsFile } from '../baselines/comments-file.ts';
import type { CaptionItem } from '../metrics/captions.ts';
import { readPredictions } from './read-items.ts';

export interface ScoredPhoto {
  readonly id: string;
  /** 1..10, as its target. */
  readonly target: number;
  readonly prediction: number;
  /** What was generated. */
  readonly answer: string;
}

/** @param dir Artifact of stage `evaluate-score`. @throws CalmError `bad_data` naming file and line */
export function readScores(dir: string): ScoredPhoto[] {
  const path = join(dir, 'predictions.csv');
  const { ids, targets, predictions } = readPredictions(path);
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  return ids.map((id, i) => ({
    id,
    target: targets[i]!,
    prediction: predictions[i]!,
    // The text is last and stands in quotation marks, whatever it holds.
    answer: lines[i]!.split(',').slice(4).join(',').slice(1, -1),
  }));
}

export interface CommentedPhoto extends CaptionItem {
  /** null: it was not measured. */
  readonly meteor: number | null;
}

/** @param dir Artifact of stage `evaluate-comment`. */
export function readComments(dir: string): CommentedPhoto[] {
  const { items, meteor } = readCommentsFile(join(dir, 'comments.json'));
  return items.map((item, i) => ({ ...item, meteor: meteor?.scores[i] ?? null }));
}

export interface Suggestion {
  readonly photo: string;
  readonly crop: number;
  readonly degradation: DegradationName;
  readonly answer: string;
  /** Whether the judge finds the degradation named; null: it did not say. */
  readonly right: boolean | null;
  /** The same of the keyword judge. */
  readonly keywords: boolean;
}

interface JudgedAnswers {
  readonly judge: string;
  readonly items: readonly Suggestion[];
  readonly unjudged?: readonly Suggestion[];
}

/** @param dir Artifact of stage `evaluate-suggest`. */
export function readSuggestions(dir: string): { readonly judge: string; readonly answers: Suggestion[] } {
  const {
    judge,
    items,
    unjudged = [],
  } = JSON.parse(readFileSync(join(dir, 'suggestions.json'), 'utf8')) as JudgedAnswers;
  const answers = [...items, ...unjudged.map((one) => ({ ...one, right: null }))].map(
    ({ photo, crop, degradation, answer, right }) => {
      return { photo, crop, degradation, answer, right, keywords: keywordJudge(degradation, answer) };
    },
  );
  return { judge, answers };
}
