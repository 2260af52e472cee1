import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { unlessAborted } from './signals.ts';

it('waits again and again with one signal and leaves no listener at it', async () => {
  const { signal } = new AbortController();
  for (let i = 0; i < 20; i++) expect(await unlessAborted(signal, Promise.resolve(i))).toBe(i);
  await expect(unlessAborted(signal, Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('gives null once the signal is aborted', async () => {
  const controller = new AbortController();
  const asked = unlessAborted(controller.signal, new Promise(() => {}));
  controller.abort();
  expect(await asked).toBeNull();
  expect(await unlessAborted(controller.signal, new Promise(() => {}))).toBeNull();
});
