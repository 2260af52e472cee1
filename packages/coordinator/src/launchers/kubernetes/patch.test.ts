import { expect, test } from 'vitest';
import { merge } from './patch.ts';

test('objects and named things merge, null removes, other lists are replaced', () => {
  const base = { spec: { a: 1, b: 2, list: [1, 2], containers: [{ name: 'worker', image: 'x', args: ['a'] }] } };
  const patch = {
    spec: {
      b: null,
      list: [3],
      containers: [
        { name: 'worker', resources: { limits: { cpu: 4 } } },
        { name: 'beside', image: 'y' },
      ],
      tolerations: [{ key: 'gpu' }],
    },
  };
  expect(merge(base, patch)).toEqual({
    spec: {
      a: 1,
      list: [3],
      containers: [
        { name: 'worker', image: 'x', args: ['a'], resources: { limits: { cpu: 4 } } },
        { name: 'beside', image: 'y' },
      ],
      tolerations: [{ key: 'gpu' }],
    },
  });
});
