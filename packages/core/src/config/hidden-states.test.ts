import { describe, expect, it } from 'vitest';
import { programRoot } from '../program-root.ts';
import { hiddenStateBytes, liveSlice, storeOf } from './hidden-states.ts';
import { loadExperiment } from './reading/load.ts';
import { resolveTrial } from './reading/resolve.ts';

const trial = (preset: 'nano' | 'paper', set: Record<string, string | number> = {}) => resolveTrial(preset, set, 0);
const storesOf = (preset: 'nano' | 'paper', options: object = {}) => {
  const { rows } = loadExperiment(`${programRoot}experiments/paper.yaml`, { preset, ...options });
  return [...new Set(rows.flatMap((row) => [row.config(0).encode.store, row.fullConfig(0).encode.store]))];
};

describe('encode.store: auto', () => {
  it('stores what nano has, and nothing of the paper, alike in all rows', () => {
    expect([storesOf('nano'), storesOf('paper')]).toEqual([['all'], ['none']]);
    // 257 tokens of 1024 numbers at four taps.
    expect(hiddenStateBytes(trial('paper'))).toBe(257 * 1024 * 4 * 4);
    expect(hiddenStateBytes(trial('paper', { 'train.precision': 'bf16' }))).toBe(257 * 1024 * 4 * 2);
  });

  it('stores up to 1 TB of all sets of photographs together, whatever is free', () => {
    const of = (photographs: number) => {
      const counts = { numTrain: 1, numTest: 1, numGeneric: 1, numUnlabeled: 1 };
      const personal = { 'personal.train.photos': 1, 'personal.test.photos': 1 };
      const rest = 5 + 2;
      const data = Object.fromEntries(Object.entries(counts).map(([key, value]) => [`data.${key}`, value]));
      return trial('paper', { ...data, ...personal, 'data.numTrain': photographs - rest + 1 });
    };
    const most = Math.floor(1e12 / hiddenStateBytes(trial('paper')));
    expect([of(most).encode.store, of(most + 1).encode.store]).toEqual(['all', 'none']);
  });

  it('is what is asked for where that is said', () => {
    expect(trial('nano', { 'encode.store': 'none' }).encode.store).toBe('none');
    expect(storeOf(trial('paper', { 'encode.store': 'all' }))).toBe('all');
  });

  it('is that of the full run in a rehearsal', () => {
    const models = { dir: '/cache', vision: null, llm: null, tokenizer: null, isOwnFile: false, vocabSize: 700 };
    expect(storesOf('paper', { rehearsal: () => models })).toEqual(['none']);
    expect(storesOf('paper', { rehearsal: () => models, set: ['encode.store=all'] })).toEqual(['all']);
  });
});

it('stages read how to encode only where nothing is stored', () => {
  expect(liveSlice(trial('nano'))).toEqual({});
  const live = trial('nano', { 'encode.store': 'none', 'train.precision': 'bf16' });
  const { vision, mfam } = live;
  expect(liveSlice(live)).toEqual({
    live: { vision, standardizeTaps: mfam.standardizeTaps, fit: 'crop', precision: 'bf16' },
  });
});
