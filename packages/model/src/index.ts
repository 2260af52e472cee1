export { alignedBlocks, callsOf, halves, shardsOf, sumBlocks, type Block, type BlockSum } from './training/blocks.ts';
export { answerLogits, answerLoss, answerLossPerShard, tokenOrder, type CalmText } from './calm/calm.ts';
export { episodeImages, episodeLogits, type EpisodeText } from './calm/episode.ts';
export { episodePrompt, ratingScale, type EpisodePrompt } from './calm/episode-prompt.ts';
export { llmShapes } from './layers/llama.ts';
export { attentionMaps, type AttentionMap } from './calm/attention-maps.ts';
export { mfamShapes, mfamTokens, qformerTokens, thematicTokens } from './calm/mfam.ts';
export { hiddenStates, statesOf, visionShapes, type StatesSize } from './layers/vision.ts';
export type { ClusterStep } from './training/cluster-step.ts';
export { areFinite, NonFiniteStep } from './training/non-finite-step.ts';
export { frozenParameters, type Parameter, type Parameters } from './layers/parameter.ts';
export {
  openSafetensors,
  readSafetensors,
  safetensorsContent,
  writeSafetensors,
  type NamedTensor,
  type SafetensorsFile,
} from './checkpoints/safetensors.ts';
export {
  sumOfLosses,
  treeSum,
  unflatten,
  type Shapes,
  type TrainingStep,
  type WeightReader,
  type Weights,
} from './training/shard-gradients.ts';
export { createShardedStep, type ShardedStep, type ShardedStepSpec } from './training/sharded-step.ts';
export { between, cut, joinedNumbers, lazyNumbers, numbersOf, partsOf, type Numbers } from './training/numbers.ts';
export { sliceOf, type Slice } from './training/slices.ts';
export { wholeDigest, type PartialDigest } from './training/state-digest.ts';
export type { TrainingState } from './training/step-state.ts';
export { defaultShardBytes, exportHuggingFace, type ExportedModel } from './checkpoints/export.ts';
export { readLlmConfig, readVisionConfig, type LlmFolder } from './checkpoints/hf-config.ts';
export { lazyWeights } from './checkpoints/lazy-weights.ts';
export { openQFormerSeed, openWeights, readAll, type OpenOptions, type WeightSource } from './checkpoints/load.ts';
export { llmKey, mfamKey, qformerKey, skipped, thematicKey, visionKey, type KeyMap } from './checkpoints/names.ts';
export {
  findCheckpoint,
  openCheckpoint,
  type Checkpoint,
  type CheckpointFormat,
} from './checkpoints/open-checkpoint.ts';
export { openTorchBin, type TensorFile } from './checkpoints/torch/torch-bin.ts';
export { checkParity, type ParityCheck } from './parity/parity.ts';
export { checkFoundation, type CheckedConfig } from './foundation/check-foundation.ts';
export { openFoundation, type Foundation } from './foundation/open-foundation.ts';
export { makeModels } from './foundation/make-models.ts';
export { checkKnown, openLanguage, type Language, type LanguageSpec } from './calm/language.ts';
export {
  imageId,
  vicunaSequence,
  vicunaSystem,
  type ConversationIds,
  type Sequence,
  type TaskPrompt,
  type Turn,
} from './calm/prompts.ts';
export { smallVocabSize } from './tokenizers/small-tokenizer.ts';
export { findTokenizer, openLlamaTokenizer } from './tokenizers/llama-tokenizer.ts';
export type { Tokenizer } from './tokenizers/tokenizer.ts';
export { createWordTokenizer } from './tokenizers/word-tokenizer.ts';
export { createPhotoEncoder, interpolatePositions, type PhotoEncoder } from './calm/photo-encoder.ts';
export { joinTaps, memoryTaps, openTaps, writeTapsPart, type Taps } from './calm/taps.ts';
export { liveTaps, type Photographs } from './calm/live-taps.ts';
export { openLiveTaps, openStageTaps, type PhotographReader } from './calm/stage-taps.ts';
export { fanInDeviation, initialWeights } from './layers/initialize.ts';
export { crossEntropy, layerNorm, linear, maskGradient, stopGradient } from './layers/layers.ts';
export { embedTokens, llamaHidden, logitsOf } from './layers/llama.ts';
export { readBatchAhead, tappedLayers, visualBatch, visualOf, visualSpec } from './calm/visual-inputs.ts';
export {
  flopsPerImage,
  languageFlops,
  mfamFlops,
  parameterCounts,
  type ModelConfig,
  type PerModule,
} from './costs/costs.ts';
export { activationsPerSample } from './costs/activations.ts';
export { bytesReceivedPerStep } from './costs/exchange.ts';
export {
  heldAndTrained,
  shareOf,
  trainingMemory,
  whatFits,
  type MemoryBytes,
  type Remedies,
  type TrainingSetup,
} from './costs/memory.ts';
export { sampleSizes, type SampleSizes } from './costs/sizes.ts';
export { trialFlops, type StageFlops } from './costs/time.ts';
export { createDecoder, type Decoder, type DecoderSpec } from './generation/decoder.ts';
export {
  createTextGenerator,
  type Generated,
  type GenerationRequest,
  type TextGenerator,
  type TextGeneratorSpec,
} from './generation/generate.ts';
export {
  createImageReader,
  tokensPerImage,
  type ImageReader,
  type ImageReaderSpec,
} from './generation/image-tokens.ts';
export { promptLength, type Prompt, type Segment } from './generation/prompt.ts';
export { greedy, type Sampling } from './generation/sampling.ts';
export { initialLora, loraShapes, mergeLora, withLora, writeAdapter } from './layers/lora.ts';
export type { OptimizerOptions, StepAt } from './training/adam.ts';
