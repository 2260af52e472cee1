import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { captionMetricNames, captionMetrics, tokenMetrics, type CaptionItem, type CaptionMetric } from './captions.ts';
import { ptbTokenize } from './ptb.ts';

const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');

interface Golden {
  items: { id: string; references: string[]; candidate: string; referenceTokens: string[]; candidateTokens: string }[];
  corpus: Record<string, number>;
  perItem: Record<string, number[]>;
}

/** pycocoevalcap's COCO file in the shape of captions.json. */
function coco(): Golden {
  const { refs, hyps } = JSON.parse(fixture('fakecap200_refs_hyps.json')) as {
    refs: Record<string, string[]>;
    hyps: Record<string, string>;
  };
  const golden = JSON.parse(fixture('fakecap200_pycocoevalcap_golden.json')) as {
    corpus: Record<string, number>;
    perImage: Record<string, Record<string, number>>;
    tokenized: Record<string, { refs: string[]; hyp: string }>;
  };
  const name = (metric: string): string => metric.replace('BLEU-', 'Bleu_').replace('ROUGE-L', 'ROUGE_L');
  const ids = Object.keys(refs);
  return {
    items: ids.map((id) => ({
      id,
      references: refs[id]!,
      candidate: hyps[id]!,
      referenceTokens: golden.tokenized[id]!.refs,
      candidateTokens: golden.tokenized[id]!.hyp,
    })),
    corpus: Object.fromEntries(captionMetricNames.map((metric) => [metric, golden.corpus[name(metric)]!])),
    perItem: Object.fromEntries(
      captionMetricNames.map((metric) => [metric, ids.map((id) => golden.perImage[id]![name(metric)]!)]),
    ),
  };
}

describe.each([
  ['photograph comments', JSON.parse(fixture('captions.json')) as Golden],
  ['COCO captions', coco()],
])('caption metrics on %s', (_, golden) => {
  it('tokenises as pycocoevalcap', () => {
    const texts = golden.items.flatMap((item) => [...item.references, item.candidate]);
    const tokens = golden.items.flatMap((item) => [...item.referenceTokens, item.candidateTokens]);
    const wrong = texts.filter((text, i) => ptbTokenize(text).join(' ') !== tokens[i]);
    expect(wrong.length, JSON.stringify(wrong.slice(0, 5))).toBeLessThanOrEqual(0.005 * texts.length);
  });

  it('gives the same scores for the same tokens, corpus and items', () => {
    const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
    const scores = tokenMetrics(
      golden.items.map(({ id, referenceTokens, candidateTokens }) => ({
        id,
        references: referenceTokens.map(words),
        candidate: words(candidateTokens),
      })),
    );
    for (const metric of captionMetricNames) {
      expectWithin(scores.corpus[metric], golden.corpus[metric]!, 1e-6, metric);
      scores.perItem.forEach((item, i) => {
        expectWithin(item.scores[metric], golden.perItem[metric]![i]!, 1e-6, `${metric} of item ${item.id}`);
      });
    }
  });

  it('gives the same corpus scores from the texts', () => {
    const { corpus } = captionMetrics(golden.items);
    for (const metric of captionMetricNames) expectWithin(corpus[metric], golden.corpus[metric]!, 1e-4, metric);
  });
});

describe('captionMetrics', () => {
  it('agrees with the scores published with nlg-eval', () => {
    const lines = (name: string): string[] => fixture(name).trim().split('\n');
    const [ref1, ref2, hyp] = [lines('nlg-eval-ref1.txt'), lines('nlg-eval-ref2.txt'), lines('nlg-eval-hyp.txt')];
    const expected = JSON.parse(fixture('nlg-eval-expected.json')) as {
      examples: Record<string, number>;
      individual: Record<string, number> & { ref: string[]; hyp: string };
    };
    const items = hyp.map((candidate, i) => ({ id: String(i), references: [ref1[i]!, ref2[i]!], candidate }));
    const { corpus } = captionMetrics(items);
    const published: [CaptionMetric, string][] = [
      ['BLEU-1', 'Bleu_1'],
      ['BLEU-2', 'Bleu_2'],
      ['BLEU-3', 'Bleu_3'],
      ['BLEU-4', 'Bleu_4'],
      ['ROUGE-L', 'ROUGE_L'],
      ['CIDEr', 'CIDEr'],
    ];
    for (const [metric, name] of published) expectWithin(corpus[metric], expected.examples[name]!, 1e-5, metric);

    const { ref, hyp: candidate } = expected.individual;
    const single = captionMetrics([{ id: 'single', references: ref, candidate }]).corpus;
    for (const [metric, name] of published.slice(0, 5)) {
      expectWithin(single[metric], expected.individual[name]!, 1e-5, metric);
    }
  });

  it('refuses CIDEr for a single item and everything for none', () => {
    const single = captionMetrics([{ id: 'a', references: ['a photo'], candidate: 'a photo' }]);
    expect(single.corpus.CIDEr).toBeNull();
    expect(single.perItem[0]!.scores.CIDEr).toBeNull();
    expect(single.corpus['BLEU-1']).toBeCloseTo(1, 6);
    expect(Object.values(captionMetrics([]).corpus)).toEqual([null, null, null, null, null, null]);
  });

  it('scores an empty candidate with almost nothing and does not fail', () => {
    const { corpus } = captionMetrics([
      { id: 'a', references: ['a sharp photo'], candidate: '' },
      { id: 'b', references: ['a dull photo'], candidate: '...' },
    ]);
    for (const metric of captionMetricNames) expect(corpus[metric]).toBeLessThan(1e-4);
  });

  it('names an item without references', () => {
    expect(() => captionMetrics([{ id: 'x17', references: [], candidate: 'a' }])).toThrow(/item x17 has no references/);
  });

  it('scores thousands of items in seconds', () => {
    const { items } = JSON.parse(fixture('captions.json')) as { items: CaptionItem[] };
    const many = Array.from({ length: 3000 }, (_, i) => ({ ...items[i % items.length]!, id: String(i) }));
    const started = process.cpuUsage();
    captionMetrics(many);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(5000);
  });
});

function expectWithin(actual: number | null, expected: number, tolerance: number, what: string): void {
  expect(actual, what).not.toBeNull();
  expect(Math.abs(actual! - expected), `${what}: ${actual}, expected ${expected}`).toBeLessThanOrEqual(tolerance);
}
