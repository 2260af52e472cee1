import { afterEach, beforeEach, expect, test } from 'vitest';
import { rmSync } from 'node:fs';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { makeRun, temporaryFolder } from './served.test-util.ts';
import { rememberedUntilChange } from './until-change.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = temporaryFolder();
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

test('what was found stays until something happens in the folder; questions at once are one', async () => {
  let asked = 0;
  const find = rememberedUntilChange((_: Tracker, name: string) => Promise.resolve(`${name} ${++asked}`));
  expect(await Promise.all([find(tracker, 'a'), find(tracker, 'a'), find(tracker, 'b')])).toEqual([
    'a 1',
    'a 1',
    'b 2',
  ]);
  expect(await find(tracker, 'a')).toBe('a 1');
  makeRun(tracker);
  expect(await find(tracker, 'a')).toBe('a 3');
  tracker.endRun('x-1', 'succeeded');
  expect(await find(tracker, 'a')).toBe('a 4');
  tracker.removeRun('x-1');
  expect(await find(tracker, 'a')).toBe('a 5');
  const file = { file: 'f', sha256: 's', testItems: 't', numItems: 1, missing: 0, unknown: 0, metrics: {} };
  tracker.recordImport({ experiment: 'x', table: 't', name: 'GPT', kind: 'evaluate-score', ...file });
  expect(await find(tracker, 'a')).toBe('a 6');
});

test('what failed is tried again', async () => {
  let asked = 0;
  const find = rememberedUntilChange((_: Tracker, name: string) =>
    asked++ === 0 ? Promise.reject(new Error('no')) : Promise.resolve(name),
  );
  await expect(find(tracker, 'a')).rejects.toThrow('no');
  expect(await find(tracker, 'a')).toBe('a');
});
