// What the page is told of a photograph that was sent to it, and who can be asked. The photograph itself is the body of the
// request; nothing of it is kept.
import { z } from 'zod';

/** What is larger is refused. */
export const maxUploadBytes = 50_000_000;

const level = z.enum(['thematic', 'high', 'middle', 'low']);
const part = z.number();

export const modelsAnswer = z.object({
  /** Trials with trained models, the newest run first, in it the full model. */
  trials: z.array(z.object({ run: z.string(), row: z.string(), seed: z.number() })),
  maxUploadBytes: z.number(),
});
export type ModelsAnswer = z.infer<typeof modelsAnswer>;

export const tryQuery = z.object({ row: z.string().max(200), seed: z.coerce.number().int() });

export const triedAnswer = z.object({
  /** 1 to 10; null: the model said none, or was not asked. */
  score: z.number().nullable(),
  comment: z.string().nullable(),
  suggestion: z.string().nullable(),
  /** What the trial has a model for. */
  answered: z.array(z.enum(['score', 'comment', 'suggestion'])).readonly(),
  /** As it was decoded, made smaller: a data URL; width and height are those of the photograph. */
  picture: z.object({ source: z.string(), width: z.number().int(), height: z.number().int() }),
  /** The square that the model saw, in parts of the photograph's width and height. */
  seen: z.object({ left: part, top: part, width: part, height: part }),
  levels: z.array(level).readonly(),
  /** Whose attention it is. */
  attentionOf: z.enum(['score', 'comment']),
  /** Of each level with a Q-Former what it attends to. */
  attention: z
    .array(
      z.object({
        level,
        /** Hidden state of the ViT that the level reads. */
        tap: z.number().int(),
        /** Patches a side of the square. */
        side: z.number().int(),
        /** side * side shares, row by row from the top left; with `cls` they add up to 1. */
        patches: z.array(z.number()).readonly(),
        /** Of the CLS token, which stands for no place; null: it is not seen. */
        cls: z.number().nullable(),
      }),
    )
    .readonly(),
});
export type TriedAnswer = z.infer<typeof triedAnswer>;
export type AttentionLine = TriedAnswer['attention'][number];
