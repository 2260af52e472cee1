// Aesthetic commenting on the test split, or on the validation split: one greedy comment per photograph against all of its comments.
import { join } from 'node:path';
import {
  writeFileAtomic,
  type EvaluationSplit,
  type LlmConfig,
  type MfamConfig,
  type StageFunction,
  type TrialConfig,
} from '@calm-orch/core';
import { evaluatedComments, instructionOf, photographReader } from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import { openStageTaps, lazyWeights, tappedLayers } from '@calm-orch/model';
import { createGenerator } from '../answers/generate.ts';
import { openStageLanguage } from '../answers/stage-language.ts';
import { commentsFile, type CommentSources } from '../baselines/comments-file.ts';
import { answersOf } from './answers.ts';
import { scoreComments } from './score-comments.ts';
import { evaluatedSet } from './slices.ts';

interface EvaluateCommentConfig extends Pick<TrialConfig, 'prompt'> {
  readonly precision?: TrialConfig['train']['precision'];
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly evaluate: Pick<TrialConfig['evaluate'], 'batchSize' | 'numComments' | 'maxCommentTokens'> &
    CommentSources & { readonly split?: EvaluationSplit };
}

export const evaluateComment: StageFunction = async (context) => {
  const { mfam, llm, precision = 'fp32', prompt, evaluate } = context.stage.config as unknown as EvaluateCommentConfig;
  const { model } = context.inputs as Record<string, string>;
  const language = openStageLanguage({ llm, prompt }, context.inputs.foundation);
  const { tokenizer } = language;
  const taps = await openStageTaps(context, [evaluatedSet(context.inputs)], tappedLayers(mfam), photographReader);
  const generator = createGenerator(await startEngine(), {
    mfam,
    llm,
    weights: lazyWeights(join(model!, 'model.safetensors')),
    precision,
    taps,
    tokenizer,
    prompt: language.instruct(instructionOf(prompt.template, 'comment')),
    maxTokens: evaluate.maxCommentTokens,
    batchSize: evaluate.batchSize,
  });
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const test = evaluatedComments(context.inputs, evaluate.split ?? 'test')
      .filter(({ id }) => rowOf.has(String(id)))
      .slice(0, evaluate.numComments);
    const rows = test.map(({ id }) => rowOf.get(String(id))!);
    const generated = await answersOf(generator, rows, evaluate.batchSize, context);
    const items = test.map(({ id, captions: references }, i) => ({
      id: String(id),
      references,
      candidate: tokenizer.decode(generated[i]!.ids),
    }));
    const report = await scoreComments(items, evaluate, context);
    writeFileAtomic(join(context.outputDir, 'comments.json'), commentsFile(items, report));
    return { metrics: { ...report.corpus, numComments: items.length } };
  } finally {
    generator.close();
    taps.close();
  }
};
