import { expect, test } from 'vitest';
import { readLargeJson } from './large-json.test-util.ts';

test('conversations are read a record at a time: 32 MB of JSON without holding them', async () => {
  const { rows, written, peakBytes } = await readLargeJson(32e6);
  expect(rows).toBe(written);
  // Node with sharp loaded has about 100 MB; the file as one value would add 200 MB and more.
  expect(peakBytes).toBeLessThan(250e6);
});
