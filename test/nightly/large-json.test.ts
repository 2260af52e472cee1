import { expect, test } from 'vitest';
import { readLargeJson } from '../large-json.test-util.ts';

test('memory does not grow with the file: 300 MB of JSON in less than 300 MB', async () => {
  const { rows, written, peakBytes } = await readLargeJson(300e6);
  expect(rows).toBe(written);
  expect(peakBytes).toBeLessThan(300e6);
}, 300_000);
