// A trial's photographs on the page, in a real browser: by their error, from the plot, large, degraded, augmented.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { photographedRun } from '../../packages/cli/src/run/photographed-run.test-util.ts';
import { examine, watchStories, withAxe } from './browser.test-util.ts';

const watched = watchStories();
let base: string;
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'calm-orch-photographs-'));
  const tracker = openTracker(join(base, 'runs'));
  await photographedRun(tracker, { dir: join(base, 'runs'), root: join(base, 'AVA') });
  tracker.close();
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test('photographs are found by their error and in the plot, with what was said of them', async () => {
  const { address } = await watched.startUi(join(base, 'runs'));
  const page = await watched.openTab(`${address}#/run/x-1`);
  await page.getByRole('link', { name: 'Photographs of row all, seed 0' }).click();
  const list = page.getByRole('region', { name: 'Test photographs' });
  const firstLink = list.locator('li a').first();
  await expect.poll(() => firstLink.textContent()).toBe('300');
  expect(await list.locator('li').first().innerText()).toContain('predicted 7.00 for 4.00');
  // Three hundred photographs, some tens of them in the document.
  expect(await list.locator('li').count()).toBeLessThan(60);
  await list.evaluate((box) => box.scrollTo(0, 1e9));
  await expect.poll(() => list.locator('li a').last().textContent()).toBe('1');
  await page.getByRole('button', { name: 'greatest first' }).click();
  await expect.poll(() => firstLink.textContent()).toBe('1');
  const picture = list.locator('img').nth(1);
  await expect
    .poll(() => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
    .toBe(48);

  // Keyboard: the second photograph, large.
  await list.locator('li a').nth(1).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Photograph 2', level: 3 }).waitFor();
  const panel = page.locator('.panel');
  expect(await panel.innerText()).toMatch(/predicted 1\.22 for 1\.20[^]*the model says 2[^]*nice <b>light<\/b>/);
  await withAxe(page);
  const found = await examine(page, 'photographs');

  // The dot of photograph 150: a truth of 7, wrong by 1.5.
  const plot = page.locator('.residuals svg');
  await expect.poll(() => plot.getAttribute('width')).toBe('440');
  const place = await plot.evaluate((svg) => {
    const [, x, y] = /M([\d.]+) ([\d.]+)h0/.exec(
      svg.querySelector('.dots')!.getAttribute('d')!.split('h0')[149] + 'h0',
    )!;
    return { x: Number(x), y: Number(y) };
  });
  await plot.click({ position: place });
  await page.getByRole('heading', { name: 'Photograph 150', level: 3 }).waitFor();
  expect(await page.locator('.panel').innerText()).toContain('predicted 8.50 for 7.00');

  await page.getByRole('link', { name: 'Suggestions' }).click();
  const suggestions = page.getByRole('region', { name: 'Suggestions' });
  await expect.poll(() => suggestions.innerText()).toContain('remove the blur');
  expect(await suggestions.locator('li', { hasText: 'noise' }).innerText()).toMatch(/not judged by words: named/);
  await expect
    .poll(() =>
      suggestions
        .locator('img')
        .evaluateAll((all) => all.every((one) => (one as unknown as { naturalWidth: number }).naturalWidth === 48)),
    )
    .toBe(true);
  found.push(...(await examine(page, 'suggestions')));

  await page.getByRole('link', { name: 'Augmented pairs' }).click();
  const pairs = page.getByRole('region', { name: 'Augmented pairs' });
  await expect.poll(() => pairs.innerText()).toContain('photo 1 is blurry .');
  expect(await pairs.locator('img').count()).toBe(4);
  found.push(...(await examine(page, 'pairs')));
  expect(found).toEqual([]);
  expect(watched.complaints).toEqual([]);
});

test('pictures may be kept by a browser, and no address leads to another file', async () => {
  const { address } = await watched.startUi(join(base, 'runs'));
  const ask = async (path: string) => {
    const reply = await watched.context.request.get(`${address}api/runs/${path}`);
    return { status: reply.status(), headers: reply.headers() };
  };
  const { status, headers } = await ask('x-1/pictures/labeled/6');
  expect([status, headers['content-type']]).toEqual([200, 'image/png']);
  expect(headers['cache-control']).toMatch(/^private, max-age=\d+/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['content-security-policy']).toContain("img-src 'self'");
  for (const path of [
    ...['x-1/pictures/labeled/300', 'x-1/pictures/labeled/-1', 'x-1/pictures/labeled/1e2', 'x-1/pictures/labeled/0x1'],
    ...['x-1/pictures/..%2f..%2flabeled/1', 'x-1/pictures/labeled/..%2f..%2fsecret.png', 'x-1/pictures/nothing/1'],
    ...['x-2/pictures/labeled/1', 'x-1/photographs?row=none&seed=0', 'x-1/pictures/score/0'],
  ])
    expect([path, (await ask(path)).status]).toEqual([path, 404]);
  expect((await ask('x-1/photographs?row=all&seed=a')).status).toBe(400);
});
