import { describe, expect, it } from 'vitest';
import { sampleOrder } from './sample-order.ts';
import { stepOrder } from './step-order.ts';

const lists = [
  { name: 'comments', numSamples: 40, share: 40 },
  { name: 'words', numSamples: 7, share: 13 },
  { name: 'coco', numSamples: 100, share: 100 },
  { name: 'none', numSamples: 5, share: 0 },
];

describe('the order of steps over lists', () => {
  it('gives each list its share of the steps so far, as nearly as whole steps can', () => {
    const order = stepOrder(1, lists, 4);
    const numSteps = lists.map(() => 0);
    for (let step = 0; step < 600; step++) {
      numSteps[order(step).list]!++;
      lists.forEach(({ share }, i) => {
        const due = ((step + 1) * share) / 153;
        expect(Math.abs(numSteps[i]! - due), `list ${i} after step ${step}`).toBeLessThan(1.5);
      });
    }
    expect(numSteps[3]).toBe(0);
  });

  it('shows every sample of a list once in each of its epochs', () => {
    const order = stepOrder(1, lists, 4);
    const seen = lists.map((): string[] => []);
    for (let step = 0; step < 600; step++) {
      const { list, drawn } = order(step);
      seen[list]!.push(...drawn.map(({ sample, epoch }) => `${epoch}/${sample}`));
    }
    seen.forEach((samples, i) => {
      expect(new Set(samples).size).toBe(samples.length);
      const numWhole = Math.floor(samples.length / lists[i]!.numSamples) * lists[i]!.numSamples;
      const whole = samples.slice(0, numWhole).map((sample) => Number(sample.split('/')[1]));
      const each = numWhole / lists[i]!.numSamples;
      for (let n = 0; n < lists[i]!.numSamples; n++) expect(whole.filter((one) => one === n)).toHaveLength(each);
    });
  });

  it('is a function of the step alone, and of one list the order of its samples', () => {
    const forwards = stepOrder(1, lists, 4);
    const all = Array.from({ length: 50 }, (_, step) => forwards(step));
    const jumping = stepOrder(1, lists, 4);
    for (const step of [49, 0, 17, 48]) expect(jumping(step)).toEqual(all[step]);
    const single = stepOrder(1, lists.slice(0, 1), 4);
    for (const step of [0, 30]) expect(single(step).drawn).toEqual(sampleOrder(1, 'comments', 40, 4)(step));
  });
});
