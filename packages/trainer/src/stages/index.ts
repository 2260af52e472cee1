// The kinds of stages that trainers compute. Nothing here loads their code.
import type { StageDefinition } from '@calm-orch/core';
import { foundation } from './foundation.kind.ts';
import { encode } from './encode.kind.ts';
import { pretrainGeneric } from './pretrain-generic.kind.ts';
import { pretrainSsl } from './pretrain-ssl.kind.ts';
import { finetuneComment } from './finetune-comment.kind.ts';
import { finetuneScore } from './finetune-score.kind.ts';
import { finetunePersonal } from './finetune-personal.kind.ts';

export const kinds: readonly StageDefinition[] = [
  foundation,
  ...encode,
  pretrainGeneric,
  pretrainSsl,
  finetuneComment,
  finetuneScore,
  finetunePersonal,
];
