// A run with the test items of its trials, for tests of what is judged from them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rng, type Json } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';

type Kind = 'evaluate-score' | 'evaluate-comment' | 'evaluate-personal' | 'evaluate-suggest' | 'baselines-comment';

export const claim = (metric: string, row = 'good') => ({
  claim: `${row} is better`,
  metric,
  row,
  is: 'better',
  than: ['bad'],
});

export const seeds = [0, 1, 2, 3];

/** A run in folder `dir` of two rows, four seeds each, whose evaluate stages left what such stages leave. */
export function judgedRun(
  tracker: Tracker,
  dir: string,
  claims: Json[],
  kinds: readonly Kind[] = ['evaluate-score', 'evaluate-comment'],
  more: Readonly<Record<string, number>> = {},
  own: Partial<typeof filesOf> = {},
  { published = [], ...beside }: Readonly<Record<string, Json>> = {},
) {
  const trials = ['good', 'bad'].flatMap((row) => seeds.map((seed) => ({ row, seed })));
  const metrics = ['PLCC', 'SRCC', 'CIDEr', 'METEOR', 'BLEU-4', ...Object.keys(more)];
  const rows = ['good', 'bad'].map((row) => ({ row, set: {}, paper: {} }));
  const stages = kinds.flatMap((kind) => {
    const ofKind = kind === 'baselines-comment' ? baselinesOf.map((row) => ({ row, seed: 0 })) : trials;
    return ofKind.map((trial) => ({ kind, trial, key: `${kind}-${trial.row}${trial.seed}` }));
  });
  for (const { kind, key, trial } of stages) {
    const folder = join(dir, 'artifacts', key);
    mkdirSync(folder, { recursive: true });
    const [name, text] = (own[kind] ?? filesOf[kind])(trial);
    writeFileSync(join(folder, name), text);
  }
  const measured = { PLCC: 0.5, CIDEr: 1, METEOR: 0.3, 'BLEU-4': 0.2, ...more };
  return recordRun(tracker, {
    resolved: { table: { id: 't', title: 'T', metrics, footnotes: ['F'], claims, published }, rows, ...beside },
    trials,
    artifacts: join(dir, 'artifacts'),
    stages: stages.map(({ kind, key, trial }) => {
      return { kind, key, trials: kind === 'baselines-comment' ? [] : [trial], metrics: measured };
    }),
  });
}

/** Photographs that baselines are of: another table of the run has few. */
const baselinesOf = ['few', 'all'];

/** What a stage of each kind leaves. */
const filesOf: Record<Kind, (trial: { row: string; seed: number }) => [name: string, text: string]> = {
  'evaluate-score': (trial) => ['predictions.csv', predictions(trial)],
  'evaluate-comment': ({ row }) => ['comments.json', JSON.stringify({ items: comments(row) })],
  'evaluate-personal': ({ row, seed }) => {
    const lines = Array.from(
      { length: 10 },
      (_, i) => `A${i},${(row === 'good' ? 0.6 + 0.01 * (seed % 2) : 0.3) + 0.01 * seed + 0.02 * i}`,
    );
    return ['annotators.csv', `worker,SRCC\n${lines.join('\n')}\n`];
  },
  'evaluate-suggest': ({ row, seed }) => {
    const items = Array.from({ length: 72 }, (_, i) => ({
      photo: `p${i % 6}`,
      crop: i % 4,
      degradation: `d${i}`,
      right: Math.floor(i / 6) % (row === 'good' ? 2 : 6) === 0 || i > 71 - (row === 'good' ? seed % 2 : seed >> 1),
    }));
    return ['suggestions.json', JSON.stringify({ judge: 'keywords', items })];
  },
  'baselines-comment': ({ row: photos }) => {
    const of = (row: string) => ({ items: comments(row).slice(0, photos === 'few' ? 20 : 40) });
    const written = { 'constant comment': of('bad'), "nearest photograph's comment": of('good') };
    return ['comments.json', JSON.stringify(written)];
  },
};

function predictions({ row, seed }: { row: string; seed: number }): string {
  const lines = Array.from({ length: 150 }, (_, i) => {
    const target = rng('target', i).normal(5, 1);
    return `${i},${target},${target + rng(row, seed, i).normal(0, row === 'good' ? 0.3 : 2)},5,"5, or so"`;
  });
  return `image,target,score,expectation,text\n${lines.join('\n')}\n`;
}

export function comments(row: string) {
  return Array.from({ length: 40 }, (_, i) => {
    const text = `a ${['sharp', 'dark', 'noisy', 'vivid'][i % 4]} photo of ${['sand', 'snow', 'a dog'][i % 3]}`;
    return { id: `${i}`, references: [text, 'nice'], candidate: row === 'good' ? text : 'a photo' };
  });
}
