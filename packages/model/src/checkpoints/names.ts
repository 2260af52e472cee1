// Key names of published checkpoints -> ours. Each map answers for one part of the model and gives our key, `skipped`
// for what the file rightly holds but this part does not use, or undefined for what does not belong in such a file.
// Sources: transformers (CLIPModel, LlamaForCausalLM, Blip2), LAVIS (Qformer.bert...), haotian-liu/LLaVA (mm_projector).
import { qformerLevels, type QFormerLevel } from '@calm-orch/core';

export const skipped = Symbol('skipped');
export type KeyMap = (key: string) => string | typeof skipped | undefined;

const withoutPrefix = (key: string, prefixes: readonly string[]): string => {
  const prefix = prefixes.find((candidate) => key.startsWith(candidate));
  return prefix === undefined ? key : key.slice(prefix.length);
};
const startsWithAny = (key: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => key.startsWith(prefix));

/** Where LLaVA files (the original's, and transformers' older and newer) keep the vision tower. */
const llavaTowers = ['model.vision_tower.vision_tower.', 'model.vision_tower.', 'vision_tower.'];
const projectors = ['model.mm_projector.', 'mm_projector.', 'model.multi_modal_projector.', 'multi_modal_projector.'];
const llavaLanguage = ['model.language_model.', 'language_model.model.', 'language_model.'];
const isLanguage = (key: string): boolean =>
  /^model\.(embed_tokens|layers|norm)\./.test(key) || key.startsWith('lm_head.') || startsWithAny(key, llavaLanguage);

/** CLIP's vision tower: alone, beside a text model, without `vision_model.`, or inside a LLaVA file. */
export const visionKey: KeyMap = (key) => {
  const tower = withoutPrefix(key, llavaTowers);
  if (tower === key && (isLanguage(key) || startsWithAny(key, projectors))) return skipped;
  const rest = withoutPrefix(tower, ['vision_model.']);
  if (startsWithAny(rest, ['text_model.', 'visual_projection.', 'text_projection.', 'post_layernorm.'])) return skipped;
  if (rest === 'logit_scale' || rest === 'embeddings.position_ids') return skipped;
  if (/^(embeddings|pre_layrnorm|encoder\.layers)\./.test(rest)) return `vision.vision_model.${rest}`;
  return undefined;
};

/** LLaMA: alone, or the language model of a LLaVA file. */
export const llmKey: KeyMap = (key) => {
  if (key.endsWith('.rotary_emb.inv_freq')) return skipped;
  if (startsWithAny(key, llavaTowers) || startsWithAny(key, projectors)) return skipped;
  if (key === 'model.image_newline' || key === 'image_newline') return skipped;
  if (/^language_model\.(model|lm_head)\./.test(key)) return `llm.${key.slice('language_model.'.length)}`;
  if (key.startsWith('model.language_model.')) return `llm.model.${key.slice('model.language_model.'.length)}`;
  return isLanguage(key) ? `llm.${key}` : undefined;
};

/** LLaVA's projection: `linear`, or `mlp2x_gelu` with the names of the original and of transformers. */
export const thematicKey: KeyMap = (key) => {
  const rest = withoutPrefix(key, projectors);
  if (rest === key) return isLanguage(key) || startsWithAny(key, llavaTowers) ? skipped : undefined;
  const [, layer = '', name] = /^((?:0|2|linear_[12])\.)?(weight|bias)$/.exec(rest) ?? [];
  return name === undefined
    ? undefined
    : `mfam.thematic.${layer.replace('linear_1', '0').replace('linear_2', '2')}${name}`;
};

/** What BLIP-2 files hold beside the Q-Former: image encoder, language model, heads. */
const besideQFormer = [
  'visual_encoder.',
  'ln_vision.',
  'vision_model.',
  'language_model.',
  'opt_model.',
  't5_model.',
  'llm_model.',
  'vision_proj.',
  'text_proj.',
  'itm_head.',
  'Qformer.cls.',
  'Qformer.bert.pooler.',
  'embeddings.',
  'vision_projection.',
  'text_projection.',
];

/** A Q-Former of BLIP-2, LAVIS or transformers, as the Q-Former of `level`. Its text branch has no counterpart here. */
export const qformerKey =
  (level: QFormerLevel): KeyMap =>
  (key) => {
    if (key === 'query_tokens') return `mfam.${level}.query_tokens`;
    const projected = /^(?:language_projection|opt_proj|t5_proj|llm_proj)\.(weight|bias)$/.exec(key)?.[1];
    if (projected !== undefined) return `mfam.${level}.projection.${projected}`;
    if (key === 'temp' || key === 'logit_scale' || startsWithAny(key, besideQFormer)) return skipped;
    const rest = withoutPrefix(key, ['Qformer.bert.', 'qformer.']);
    if (rest === key) return undefined;
    const ours = `mfam.${level}.qformer.`;
    if (rest.startsWith('embeddings.LayerNorm.') || rest.startsWith('embeddings.layernorm.'))
      return `${ours}layernorm.${rest.slice('embeddings.layernorm.'.length)}`;
    if (rest.startsWith('embeddings.')) return skipped;
    if (rest.startsWith('layernorm.')) return ours + rest;
    const inLayer = /^encoder\.layer\.\d+\.(.*)$/.exec(rest)?.[1];
    if (inLayer === undefined) return undefined;
    if (startsWithAny(inLayer, ['intermediate.', 'output.'])) return skipped;
    return ours + rest.replace(/\.(attention|crossattention)\.self\./, '.$1.attention.');
  };

/** Our own mfam.safetensors: keys of the levels, with or without `mfam.`. */
export const mfamKey: KeyMap = (key) => {
  const rest = withoutPrefix(key, ['mfam.']);
  return startsWithAny(rest, ['thematic.', ...qformerLevels.map((level) => `${level}.`)]) ? `mfam.${rest}` : undefined;
};
