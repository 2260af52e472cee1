// A language model behind an OpenAI-compatible address, for stages that ask one: nothing of it is loaded otherwise.
export { apiKeyOf } from './api-key.ts';
export { openAnswerCache, type AnswerCache } from './answer-cache.ts';
export { createAskModel, createClient, type AskModel } from './ask-model.ts';
export { withoutThoughts } from './completion.ts';
export { atOnce, rememberedAnswers, withLanguageModel, type LanguageModelOptions } from './questions.ts';
