// Words a configuration or a table may hold. Apart from the schemas, so that who needs the words loads no validator.

/** Sets of questions of CALM-E: of labels, as words and as comparisons, and the image sets of LLaVA-1.5's mix. */
export const questionSets = ['words', 'comparisons', 'coco', 'gqa', 'ocr_vqa', 'textvqa', 'vg'] as const;
export type QuestionSet = (typeof questionSets)[number];

export const levels = ['thematic', 'high', 'middle', 'low'] as const;
export const qformerLevels = ['high', 'middle', 'low'] as const;
export const augmentationGroups = ['quality', 'color', 'subject'] as const;
/** What the language model reads around a photograph (packages/model/src/calm/prompts.ts). */
export const promptTemplates = ['nano', 'vicuna_v1'] as const;
export type PromptTemplate = (typeof promptTemplates)[number];
export type Level = (typeof levels)[number];
export type QFormerLevel = (typeof qformerLevels)[number];
export type AugmentationGroup = (typeof augmentationGroups)[number];

/** A photograph's own saliency, or a trained object detector (and saliency where it finds nothing). */
export const foregroundFinders = ['saliency', 'detection'] as const;

/** Who words pseudo-labels: the template grammar, or a language model that paraphrases its sentences. */
export const labelSources = ['template', 'openai'] as const;

/** Who judges suggestions: words, or a language model. */
export const suggestionJudges = ['keywords', 'openai'] as const;

/** Whose labels predictions are compared with: published results are of `test`, settings are chosen on `val`. */
export const evaluationSplits = ['test', 'val'] as const;
export type EvaluationSplit = (typeof evaluationSplits)[number];

export const loraTargets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LoraTarget = (typeof loraTargets)[number];

export const datasetNames = [
  'AVA',
  'AVA-Captions',
  'FLICKR-AES',
  'PCCD',
  'EVA',
  'AADB',
  'SPAQ',
  'TAD66K',
  'ICAA17K',
  'Pexels',
  'LLaVA-Pretrain',
  'ShareGPT4V',
  'LLaVA-Mix665k',
] as const;
export type DatasetName = (typeof datasetNames)[number];
export type DatasetRoots = Readonly<Partial<Record<DatasetName, string>>>;

/** Metrics a table may show; the evaluate stages compute them. */
export const tableMetrics = [
  'PLCC',
  'SRCC',
  'RMSE',
  'BLEU-1',
  'BLEU-2',
  'BLEU-3',
  'BLEU-4',
  'ROUGE-L',
  'CIDEr',
  'METEOR',
  'noise',
  'blur',
  'darker',
  'brighter',
  'dull',
  'crop',
  'average',
] as const;
export type TableMetric = (typeof tableMetrics)[number];

/** Metrics of generated comments: they need `evaluate.numComments` above 0. */
export const commentMetrics: readonly TableMetric[] = tableMetrics.slice(3, 10);

/** Accuracies of suggestions by degradation: they need `evaluate.suggestions`. */
export const suggestMetrics: readonly TableMetric[] = tableMetrics.slice(10);

/** Metrics of predicted scores: they need `evaluate.scores`. */
export const scoreMetrics: readonly TableMetric[] = tableMetrics.slice(0, 3);

/** Metrics a claim may be about: those that are defined for a draw of test items. BLEU is a ratio over the corpus. */
export const claimMetrics = [
  'PLCC',
  'SRCC',
  'ROUGE-L',
  'CIDEr',
  'METEOR',
  'average',
] as const satisfies readonly TableMetric[];

/**
 * Baselines a claim may compare a row with, as tables name them: the kind of stage whose artifact has their test items, and
 * the metrics that are known of each item.
 */
export const claimBaselines = {
  'constant comment': { kind: 'baselines-comment', metrics: ['CIDEr', 'ROUGE-L'] },
  "nearest photograph's comment": { kind: 'baselines-comment', metrics: ['CIDEr', 'ROUGE-L'] },
  /** The row's own answers. */
  'answers permuted over degradations': { kind: 'evaluate-suggest', metrics: ['average'] },
} as const satisfies Readonly<Record<string, { kind: string; metrics: readonly (typeof claimMetrics)[number][] }>>;
export type ClaimBaseline = keyof typeof claimBaselines;

export function isClaimBaseline(name: string): name is ClaimBaseline {
  return Object.hasOwn(claimBaselines, name);
}
