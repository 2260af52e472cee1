import { nano, type TrialConfig } from '@calm-orch/core';
import { resolveTrial } from '@calm-orch/core/config';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkReadout } from './check-readout.ts';

const folder = fileURLToPath(new URL('../../../model/fixtures/tokenizer', import.meta.url));
const trial = (set: Record<string, string | boolean>): TrialConfig => resolveTrial('nano', set, 0);

describe('the check of what is read from answers', () => {
  it('passes the words of the embedded data for every read-out', () => {
    for (const scoreReadout of ['text', 'expectation', 'levels'])
      expect(() => checkReadout(trial({ 'evaluate.scoreReadout': scoreReadout }), undefined)).not.toThrow();
  });

  it('names a word of the prefix that is no word of theirs, and asks nothing where no score is read', () => {
    const set = { scorePrefix: 'xylophone' };
    expect(() => checkReadout(trial(set), undefined)).toThrow('scorePrefix: the tokenizer lacks a word of `xylophone`');
    expect(() => checkReadout(trial({ ...set, 'evaluate.scores': false }), undefined)).not.toThrow();
  });

  it('asks the tokenizer of a folder', () => {
    const llm = { ...nano.llm, vocabSize: 512 };
    const of = (scoreReadout: string): TrialConfig => ({
      ...trial({ 'evaluate.scoreReadout': scoreReadout }),
      llm,
      prompt: { template: 'vicuna_v1' },
    });
    expect(() => checkReadout(of('expectation'), folder)).not.toThrow();
    expect(() => checkReadout(of('levels'), folder)).toThrow(/must begin with different tokens/);
  });
});
