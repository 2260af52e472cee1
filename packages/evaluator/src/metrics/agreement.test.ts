import { expect, it } from 'vitest';
import { agreementOf } from './agreement.ts';

const pairs = (both: number, first: number, second: number, none: number): [boolean, boolean][] => [
  ...Array.from({ length: both }, (): [boolean, boolean] => [true, true]),
  ...Array.from({ length: first }, (): [boolean, boolean] => [true, false]),
  ...Array.from({ length: second }, (): [boolean, boolean] => [false, true]),
  ...Array.from({ length: none }, (): [boolean, boolean] => [false, false]),
];

it("is the example of Wikipedia's article on Cohen's kappa", () => {
  const { share, kappa } = agreementOf(pairs(20, 5, 10, 15));
  expect(share).toBeCloseTo(0.7, 12);
  expect(kappa).toBeCloseTo(0.4, 12);
});

it('is 1 of judges that always agree, and has no kappa where they could not have differed', () => {
  expect(agreementOf(pairs(3, 0, 0, 2))).toEqual({ share: 1, kappa: 1 });
  expect(agreementOf(pairs(4, 0, 0, 0))).toEqual({ share: 1, kappa: null });
});
