// The kinds of stages that evaluators compute. Nothing here loads their code.
import type { StageDefinition } from '@calm-orch/core';
import { baselines } from './baselines.kind.ts';
import { baselinesComment } from './baselines-comment.kind.ts';
import { evaluateScore } from './evaluate-score.kind.ts';
import { evaluatePersonal } from './evaluate-personal.kind.ts';
import { evaluateSuggest } from './evaluate-suggest.kind.ts';
import { evaluateComment } from './evaluate-comment.kind.ts';

export const kinds: readonly StageDefinition[] = [
  baselines,
  baselinesComment,
  evaluateScore,
  evaluatePersonal,
  evaluateSuggest,
  evaluateComment,
];
