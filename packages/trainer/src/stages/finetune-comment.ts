// Aesthetic commenting fine-tuning (CALM, section 3.4): one (photograph, comment) pair per sample, another of the
// photograph's comments every epoch. Starts from the foundation's language model and what pre-training made of the MFAM.
import { rng, type StageFunction, type TrialConfig } from '@calm-orch/core';
import { avaCaptionsFile, instructionOf, readAva, readAvaCaptions } from '@calm-orch/data';
import { openFoundation, openTaps } from '@calm-orch/model';
import { finetune, type FinetuneConfig, type LanguageTuning } from '../finetune.ts';
import { languageOf } from '../language.ts';
import { readWeights } from '../model-weights.ts';

export type FinetuneCommentConfig = FinetuneConfig &
  LanguageTuning &
  Pick<TrialConfig, 'finetuneComment'> &
  Pick<TrialConfig['evaluate'], 'maxCommentTokens'>;

export const finetuneComment: StageFunction = async (context) => {
  const config = context.stage.config as unknown as FinetuneCommentConfig;
  const { data, encodeLabeled, pretrainGeneric, pretrainSsl, ...inputs } = context.inputs as Record<
    string,
    string | undefined
  >;
  const foundation = openFoundation(inputs.foundation);
  const language = languageOf(config, foundation);
  const taps = openTaps(encodeLabeled!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const captions = readAvaCaptions(`${data!}/AVA-Captions/${avaCaptionsFile}`, readAva(`${data!}/AVA`));
    const samples = captions.train.flatMap(({ id, captions: texts }) => {
      const row = rowOf.get(String(id));
      if (row === undefined || texts.length === 0) return [];
      return [{ row, answer: (epoch: number) => rng(config.seed, 'comment', epoch, id).pick(texts) }];
    });
    return await finetune(context, config, {
      training: config.finetuneComment,
      taps,
      prompt: language.instruct(instructionOf(config.prompt.template, 'comment')),
      weights: {
        ...foundation.llm(config.llm),
        ...foundation.mfam(config.mfam, taps.width, config.llm),
        ...readWeights(pretrainGeneric, pretrainSsl),
      },
      samples,
      answerTokens: config.maxCommentTokens,
    });
  } finally {
    taps.close();
    foundation.close();
  }
};
