// Generic pre-training (CALM, section 3.4): the fully connected projection of the thematic level learns to hand the
// frozen language model what a photograph shows, from (photograph, caption) pairs in LLaVA's plain template.
import type { StageFunction, TrialConfig } from '@calm-orch/core';
import { readConversations } from '@calm-orch/data';
import { startEngine } from '@calm-orch/engine';
import { llmShapes, mfamShapes, openTaps, visualBatch } from '@calm-orch/model';
import { padded } from '../answers.ts';
import { createCalmTraining, promptInputs } from '../calm-training.ts';
import { initialMfam, type FinetuneConfig } from '../finetune.ts';
import { studioLanguage } from '../language.ts';
import { fingerprintOf, readFoundation, select, writeWeights } from '../model-weights.ts';
import { sampleOrder } from '../sample-order.ts';
import { trainLoop } from '../train-loop.ts';

export type PretrainGenericConfig = FinetuneConfig & Pick<TrialConfig, 'pretrainGeneric'>;

export const pretrainGeneric: StageFunction = async (context) => {
  const {
    llm,
    seed,
    pretrainGeneric: training,
    train,
    ...config
  } = context.stage.config as unknown as PretrainGenericConfig;
  const mfam = { ...config.mfam, levels: ['thematic' as const] };
  const { data, encodeGeneric, foundation } = context.inputs as Record<string, string>;
  const { tokenizer } = studioLanguage(llm);
  const taps = openTaps(encodeGeneric!);
  try {
    const rowOf = new Map(taps.ids.map((id, row) => [id, row]));
    const samples = [...readConversations(`${data!}/LLaVA-Pretrain/blip_laion_cc_sbu_558k.json`)].flatMap(
      ({ id, turns }) => {
        const row = rowOf.get(id);
        const caption = turns.find((turn) => turn.from === 'gpt')?.value;
        return row === undefined || caption === undefined
          ? []
          : [{ row, ids: [...tokenizer.encode(caption), tokenizer.endId] }];
      },
    );
    const answerTokens = Math.max(...samples.map(({ ids }) => ids.length));
    const shapes = mfamShapes(mfam, { hiddenSize: taps.width }, llm);
    const frozen = llmShapes(llm);
    const { batchSize } = training;
    const program = createCalmTraining(await startEngine(), {
      mfam,
      llm,
      trainable: shapes,
      frozen,
      batchSize,
      numShards: train.stepShards,
      options: train,
      taps,
      forms: { caption: { images: 1, suffix: 0, answer: answerTokens } },
    });
    try {
      program.setWeights(
        select(
          { ...initialMfam(mfam, taps.width, llm, seed), ...readFoundation(foundation) },
          { ...shapes, ...frozen },
        ),
      );
      const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
      const prompt = promptInputs(batchSize, tokenizer.beginId, []);
      await trainLoop(context, program, training, (step) => {
        const chosen = order(step).map(({ sample }) => samples[sample]!);
        const answers = padded(
          chosen.map(({ ids }) => ids),
          answerTokens,
        );
        const visual = visualBatch(
          mfam,
          taps,
          chosen.map(({ row }) => row),
        );
        return { name: 'caption', inputs: { ...visual, ...prompt, answer: answers.ids, weights: answers.weights } };
      });
      const weights = program.weights();
      writeWeights(context.outputDir, weights);
      return { fingerprint: fingerprintOf(weights) };
    } finally {
      program.dispose();
    }
  } finally {
    taps.close();
  }
};
