// What a fine-tuning trains of MFAM and language model, all weights or the MFAM with low-rank factors beside a frozen
// language model, and what it writes in the end.
import type { StageContext, StageResult, TrialConfig } from '@calm-orch/core';
import {
  initialLora,
  llmShapes,
  loraShapes,
  mergeLora,
  writeAdapter,
  type Shapes,
  type Weights,
} from '@calm-orch/model';
import { select } from './training/model-weights.ts';
import { stageResult, type StageTraining } from './training/training-stage.ts';

/** What a fine-tuning stage is told beside: how the language model is trained. */
export type LanguageTuning = Pick<TrialConfig, 'finetune'> & Partial<Pick<TrialConfig, 'lora'>>;

export interface Tuning extends Pick<StageTraining, 'trainable' | 'frozen' | 'lora' | 'weights'> {
  /**
   * Writes model.safetensors, returns its fingerprint. With LoRA the language model in it has the factors merged; the
   * factors themselves are beside it, in PEFT's files.
   */
  result(context: StageContext, trained: Weights, beside?: Weights): StageResult;
}

/** @param mfam Shapes of what is trained of the MFAM. @param start Where all weights of the model start. */
export function languageTuning(
  { finetune, lora: factorsOf, llm, seed }: LanguageTuning & Pick<TrialConfig, 'llm' | 'seed'>,
  mfam: Shapes,
  start: Weights,
): Tuning {
  const shapes = { ...mfam, ...llmShapes(llm) };
  const lora = finetune === 'lora' ? factorsOf : undefined;
  if (lora === undefined) return { trainable: shapes, frozen: {}, lora, weights: () => start, result: stageResult };
  const factors = loraShapes(llm, lora);
  return {
    trainable: { ...mfam, ...factors },
    frozen: llmShapes(llm),
    lora,
    weights: () => ({ ...start, ...initialLora(factors, seed) }),
    result: (context, trained, beside) => {
      writeAdapter(context.outputDir, select(trained, factors), lora);
      const merged = Object.keys(shapes).map((key) => [
        key,
        trained[key] ?? mergeLora(key, start[key]!, trained, lora),
      ]);
      return stageResult(context, Object.fromEntries(merged) as Weights, beside);
    },
  };
}
