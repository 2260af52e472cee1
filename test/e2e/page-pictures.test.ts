// The pictures of the documentation: of a real run's page and tables, as one sees them. They are made anew when asked for.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { watchStories } from './browser.test-util.ts';

const pictures = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const folder = process.env['CALM_ORCH_PICTURES'];
const [width, maxHeight] = [1200, 1000];
const maxBytes = 150_000;

const watched = watchStories();

test('the run page and the tables of the newest run are pictures', async ({ skip }) => {
  skip(folder === undefined, 'CALM_ORCH_PICTURES=RUNS makes the pictures of the documentation anew');
  const dir = resolve(folder!);
  const tracker = openTracker(dir, { access: 'read' });
  const { id } = tracker.findRun();
  tracker.close();
  mkdirSync(pictures, { recursive: true });
  const { address } = await watched.startUi(dir);
  const page = await watched.openTab(`${address}#/run/${id}`);
  await page.setViewportSize({ width, height: 3000 });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.locator('.legend .number').first().waitFor();
  const top = (await page.locator('section[aria-labelledby=timeline]').boundingBox())!.y - 8;
  const end = (await page.locator('section[aria-labelledby=ledger]').boundingBox())!.y;
  const clip = { x: 0, y: top, width, height: Math.min(maxHeight, end - top) };
  await page.screenshot({ path: join(pictures, 'page-run.png'), clip });

  await page.goto(`${address}#/tables/${id}`);
  await page.locator('table.result').first().waitFor({ timeout: 300_000 });
  const paper = (await page.locator('section.paper').first().boundingBox())!;
  await page.screenshot({
    path: join(pictures, 'page-tables.png'),
    clip: { x: 0, y: 0, width, height: Math.min(maxHeight, paper.y + paper.height) },
  });
  expect(watched.complaints).toEqual([]);
});

test('no picture of the documentation is large', ({ skip }) => {
  skip(!existsSync(pictures), 'there are no pictures');
  const sizes = readdirSync(pictures).map((name) => [name, statSync(join(pictures, name)).size] as const);
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.filter(([, size]) => size > maxBytes)).toEqual([]);
});
