// Arithmetic of a trial, stage by stage, from what its photographs and steps cost. Matrix products only; a backward pass
// costs twice the forward pass where weights are trained, once where gradients only pass through.
import type { TrialConfig } from '@calm-orch/core';
import { flopsPerImage, languageFlops, mfamFlops } from './costs.ts';
import { sampleSizes, type SampleSizes } from './sizes.ts';

export interface StageFlops {
  readonly stage: string;
  readonly flops: number;
}

/** Tokens of a score, a caption and a label with their ends, about. */
const answerTokens = { score: 6, caption: 16, label: 24 } as const;

/** One pass of a sample through MFAM and language model, and through the ViT where hidden states are not stored. */
function forward(config: TrialConfig, { images, tokens, answer }: SampleSizes) {
  const vision = config.encode.store === 'none' ? images * flopsPerImage(config).vision : 0;
  return { vision, mfam: images * mfamFlops(config), llm: languageFlops(config.llm, tokens, answer) };
}

export function trialFlops(config: TrialConfig, recompute = false): StageFlops[] {
  const { mfam, data, evaluate } = config;
  const { vision } = flopsPerImage(config);
  const again = recompute ? 1 : 0;
  const trained = (stage: keyof TrialConfig & ('finetuneComment' | 'finetuneScore'), answer: number): number => {
    const { vision: v, mfam: m, llm } = forward(config, sampleSizes(config, answer));
    return config[stage].steps * config[stage].batchSize * (v + (3 + again) * (m + llm));
  };
  const frozen = (stage: 'pretrainGeneric' | 'pretrainSsl', model: TrialConfig, answer: number, images: number) => {
    const { vision: v, mfam: m, llm } = forward(model, sampleSizes(model, answer, images));
    return config[stage].steps * config[stage].batchSize * (v + (3 + again) * m + (2 + again) * llm);
  };
  const only = (levels: TrialConfig['mfam']['levels']): TrialConfig => ({ ...config, mfam: { ...mfam, levels } });
  const qformers = mfam.levels.filter((level) => level !== 'thematic');
  const generic = mfam.levels.includes('thematic');
  const ssl = qformers.length > 0 && config.augment.groups.length > 0;
  const photographs =
    data.numTrain +
    data.numTest +
    (data.source === 'files' || evaluate.split === 'val' ? data.numVal : 0) +
    (generic ? data.numGeneric : 0) +
    (ssl ? (1 + config.augment.draws) * data.numUnlabeled : 0);
  const answered = (answer: number): number => {
    const { vision: v, mfam: m, llm } = forward(config, sampleSizes(config, answer));
    return v + m + llm;
  };
  const label = answerTokens.label;
  const stages: StageFlops[] = [
    ...(config.encode.store === 'none' ? [] : [{ stage: 'encode', flops: photographs * vision }]),
    ...(generic
      ? [{ stage: 'pretrain-generic', flops: frozen('pretrainGeneric', only(['thematic']), answerTokens.caption, 1) }]
      : []),
    // Single photographs and pairs by turns.
    ...(ssl
      ? [
          {
            stage: 'pretrain-ssl',
            flops:
              (frozen('pretrainSsl', only(qformers), label, 1) + frozen('pretrainSsl', only(qformers), label, 2)) / 2,
          },
        ]
      : []),
    { stage: 'finetune-comment', flops: trained('finetuneComment', evaluate.maxCommentTokens) },
    ...(evaluate.scores
      ? [
          { stage: 'finetune-score', flops: trained('finetuneScore', answerTokens.score) },
          {
            stage: 'evaluate-score',
            flops: (evaluate.split === 'val' ? data.numVal : data.numTest) * answered(answerTokens.score),
          },
        ]
      : []),
    ...(evaluate.numComments > 0
      ? [{ stage: 'evaluate-comment', flops: evaluate.numComments * answered(evaluate.maxCommentTokens) }]
      : []),
  ];
  return stages;
}
