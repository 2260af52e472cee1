// A trainer computes these stages; each is imported when its first item is leased.
import type { StageRegistry } from '@calm-orch/core';

export const stages: StageRegistry = {
  foundation: async () => (await import('./stages/foundation.ts')).foundation,
  encode: async () => (await import('./stages/encode.ts')).encode,
  'pretrain-ssl': async () => (await import('./stages/pretrain-ssl.ts')).pretrainSsl,
  'pretrain-generic': async () => (await import('./stages/pretrain-generic.ts')).pretrainGeneric,
  'finetune-comment': async () => (await import('./stages/finetune-comment.ts')).finetuneComment,
  'finetune-personal': async () => (await import('./stages/finetune-personal.ts')).finetunePersonal,
  'finetune-score': async () => (await import('./stages/finetune-score.ts')).finetuneScore,
};
