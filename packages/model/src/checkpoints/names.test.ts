import { describe, expect, it } from 'vitest';
import { llmKey, mfamKey, qformerKey, skipped, thematicKey, visionKey, type KeyMap } from './names.ts';

const expectKeys = (map: KeyMap, expected: Record<string, string | typeof skipped | undefined>): void =>
  expect(Object.fromEntries(Object.keys(expected).map((key) => [key, map(key)]))).toEqual(expected);

describe('keys of published checkpoints', () => {
  it('give the vision tower of CLIP alone, of a whole CLIP and of LLaVA', () => {
    const layer = 'encoder.layers.3.self_attn.q_proj.weight';
    const ours = `vision.vision_model.${layer}`;
    expectKeys(visionKey, {
      [`vision_model.${layer}`]: ours,
      [layer]: ours,
      [`model.vision_tower.vision_tower.vision_model.${layer}`]: ours,
      [`vision_tower.vision_model.${layer}`]: ours,
      [`model.vision_tower.vision_model.${layer}`]: ours,
      'vision_model.embeddings.class_embedding': 'vision.vision_model.embeddings.class_embedding',
      'vision_model.pre_layrnorm.bias': 'vision.vision_model.pre_layrnorm.bias',
      'vision_model.embeddings.position_ids': skipped,
      'vision_model.post_layernorm.weight': skipped,
      'text_model.encoder.layers.3.self_attn.q_proj.weight': skipped,
      'text_model.embeddings.position_ids': skipped,
      'visual_projection.weight': skipped,
      'text_projection.weight': skipped,
      logit_scale: skipped,
      'model.layers.0.mlp.up_proj.weight': skipped,
      'lm_head.weight': skipped,
      'model.mm_projector.weight': skipped,
      'classifier.weight': undefined,
    });
  });

  it('give LLaMA alone and the language model of LLaVA', () => {
    const layer = 'layers.0.self_attn.k_proj.weight';
    expectKeys(llmKey, {
      [`model.${layer}`]: `llm.model.${layer}`,
      'lm_head.weight': 'llm.lm_head.weight',
      [`language_model.model.${layer}`]: `llm.model.${layer}`,
      'language_model.lm_head.weight': 'llm.lm_head.weight',
      [`model.language_model.${layer}`]: `llm.model.${layer}`,
      'model.layers.0.self_attn.rotary_emb.inv_freq': skipped,
      'model.vision_tower.vision_tower.vision_model.post_layernorm.bias': skipped,
      'model.mm_projector.0.weight': skipped,
      'multi_modal_projector.linear_1.weight': skipped,
      'transformer.h.0.attn.c_attn.weight': undefined,
    });
  });

  it('give the projection of LLaVA as the thematic level', () => {
    expectKeys(thematicKey, {
      'model.mm_projector.weight': 'mfam.thematic.weight',
      'mm_projector.bias': 'mfam.thematic.bias',
      'model.mm_projector.0.weight': 'mfam.thematic.0.weight',
      'mm_projector.2.bias': 'mfam.thematic.2.bias',
      'multi_modal_projector.linear_1.weight': 'mfam.thematic.0.weight',
      'model.multi_modal_projector.linear_2.bias': 'mfam.thematic.2.bias',
      'mm_projector.1.weight': undefined,
      'model.embed_tokens.weight': skipped,
      'model.vision_tower.vision_tower.vision_model.post_layernorm.bias': skipped,
      'other.weight': undefined,
    });
  });

  it('give the Q-Former of LAVIS and of transformers', () => {
    const ours = 'mfam.low.qformer';
    expectKeys(qformerKey('low'), {
      query_tokens: 'mfam.low.query_tokens',
      'Qformer.bert.embeddings.LayerNorm.weight': `${ours}.layernorm.weight`,
      'Qformer.bert.encoder.layer.1.attention.self.query.bias': `${ours}.encoder.layer.1.attention.attention.query.bias`,
      'Qformer.bert.encoder.layer.0.attention.output.LayerNorm.weight': `${ours}.encoder.layer.0.attention.output.LayerNorm.weight`,
      'Qformer.bert.encoder.layer.0.crossattention.self.key.weight': `${ours}.encoder.layer.0.crossattention.attention.key.weight`,
      'Qformer.bert.encoder.layer.0.crossattention.output.dense.bias': `${ours}.encoder.layer.0.crossattention.output.dense.bias`,
      'Qformer.bert.encoder.layer.0.intermediate_query.dense.weight': `${ours}.encoder.layer.0.intermediate_query.dense.weight`,
      'Qformer.bert.encoder.layer.0.output_query.LayerNorm.bias': `${ours}.encoder.layer.0.output_query.LayerNorm.bias`,
      'Qformer.bert.encoder.layer.0.intermediate.dense.weight': skipped,
      'Qformer.bert.encoder.layer.0.output.dense.weight': skipped,
      'Qformer.bert.embeddings.word_embeddings.weight': skipped,
      'Qformer.cls.predictions.bias': skipped,
      'visual_encoder.blocks.0.attn.qkv.weight': skipped,
      'llm_proj.weight': 'mfam.low.projection.weight',
      'qformer.layernorm.bias': `${ours}.layernorm.bias`,
      'qformer.encoder.layer.1.attention.attention.value.weight': `${ours}.encoder.layer.1.attention.attention.value.weight`,
      'language_projection.weight': 'mfam.low.projection.weight',
      'bert.encoder.layer.0.attention.self.query.bias': undefined,
    });
  });

  it('give our own levels back', () => {
    expectKeys(mfamKey, {
      'thematic.weight': 'mfam.thematic.weight',
      'mfam.high.projection.bias': 'mfam.high.projection.bias',
      'lowest.query_tokens': undefined,
    });
  });
});
