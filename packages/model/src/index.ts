export { alignedBlocks, combineBlocks, shardsOf, type Block, type BlockSum } from './blocks.ts';
export { createPartitionedProgram, type ByRank, type PartitionedProgram } from './partitioned-program.ts';
export { sliceOf, type Slice } from './slices.ts';
export { createShardProgram, type ShardProgram } from './shard-program.ts';
export { answerLogits, answerLoss, answerLossPerShard, tokenOrder, type CalmText } from './calm.ts';
export { llmShapes } from './llama.ts';
export { mfamShapes, mfamTokens, qformerTokens, thematicTokens } from './mfam.ts';
export { hiddenStates, visionShapes } from './vision.ts';
export { frozenParameters, type Parameter, type Parameters } from './parameter.ts';
export {
  openSafetensors,
  readSafetensors,
  writeSafetensors,
  type NamedTensor,
  type SafetensorsFile,
} from './safetensors.ts';
export {
  sumOfLosses,
  treeSum,
  unflatten,
  type Shapes,
  type TrainingStep,
  type WeightReader,
  type Weights,
} from './shard-gradients.ts';
export {
  createTrainingProgram,
  type TrainingProgram,
  type TrainingSpec,
  type TrainingState,
} from './training-program.ts';
export { exportHuggingFace, type ExportedModel } from './checkpoints/export.ts';
export { readLlmConfig, readVisionConfig, type LlmFolder } from './checkpoints/hf-config.ts';
export { openQFormerSeed, openWeights, readAll, type OpenOptions, type WeightSource } from './checkpoints/load.ts';
export { llmKey, mfamKey, qformerKey, skipped, thematicKey, visionKey, type KeyMap } from './checkpoints/names.ts';
export {
  findCheckpoint,
  openCheckpoint,
  type Checkpoint,
  type CheckpointFormat,
} from './checkpoints/open-checkpoint.ts';
export { openTorchBin, type TensorFile } from './checkpoints/torch-bin.ts';
export { checkParity, type ParityCheck } from './parity.ts';
export { createWordTokenizer, type Tokenizer } from './tokenizer.ts';
export { openTaps, writeTapsPart, type Taps } from './taps.ts';
export { fanInDeviation, initialWeights } from './initialize.ts';
export { crossEntropy, layerNorm, linear, maskGradient, stopGradient } from './layers.ts';
export { embedTokens, llamaHidden, logitsOf } from './llama.ts';
export { tappedLayers, visualBatch, visualOf, visualSpec } from './visual-inputs.ts';
export {
  flopsPerImage,
  fullTrainingBytes,
  parameterCounts,
  type ModelConfig,
  type PerModule,
  type StateBytes,
} from './costs/costs.ts';
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
export { initialLora, loraShapes, mergeLora, withLora, writeAdapter } from './lora.ts';
export type { OptimizerOptions } from './adam.ts';
