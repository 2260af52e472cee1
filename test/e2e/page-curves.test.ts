// Long curves on the page, in a real browser: seeds together, a part of the steps finer, all points as a file; and trials of
// many runs grouped by everything but the seed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../packages/tracker/src/recorded-run.test-util.ts';
import { examine, watchStories, withAxe } from './browser.test-util.ts';

const watched = watchStories();
const numSteps = 20_000;
const seeds = [0, 1, 2];
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-curves-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Seed s of a row has the value 1 / (step + 1) + s, but at step 12,345, where seed 2 leaps. */
function trainedRun(): void {
  const tracker = openTracker(dir);
  const trials = ['all', 'thematic'].flatMap((row) => seeds.map((seed) => ({ row, seed })));
  const stages = trials.map((trial) => ({
    ...({ key: `${trial.row}-${trial.seed}`, kind: 'finetune-score', trials: [trial] } as const),
    metrics: {},
  }));
  const { id: runId } = recordRun(tracker, { resolved: {}, trials, stages });
  for (const { row, seed } of trials)
    tracker.logMetrics(
      Array.from({ length: numSteps }, (_, step) => {
        const value = step === 12_345 && seed === 2 ? 50 : 1 / (step + 1) + seed;
        return { runId, stageKey: `${row}-${seed}`, step, name: 'train/loss', value };
      }),
    );
  tracker.endRun(runId, 'succeeded');
  tracker.close();
}

test('seeds are drawn together, a part of the steps is asked for anew, and every point is in the file', async () => {
  trainedRun();
  const { address } = await watched.startUi(dir);
  const page = await watched.openTab(`${address}#/run/x-1`);
  const legend = page.locator('.legend li');
  await expect.poll(() => legend.count()).toBe(6);
  await page.getByText('The numbers of train/loss').click();
  const numbers = page.getByRole('region', { name: 'The numbers of train/loss' });
  await expect.poll(() => numbers.locator('tbody tr').count()).toBe(200);

  await page.getByLabel('Seeds together').check();
  await expect.poll(() => legend.count()).toBe(2);
  expect(await legend.first().innerText()).toContain('all, mean of 3 seeds');
  await page.getByLabel('First step shown').fill('12340');
  const answered = page.waitForResponse(/bands\?.*from=12340/);
  await page.getByLabel('First step shown').press('Enter');
  await page.getByLabel('Last step shown').fill('1234');
  // The page is drawn anew while somebody types.
  await answered;
  await page.waitForTimeout(200);
  expect(await page.getByLabel('Last step shown').inputValue()).toBe('1234');
  await page.getByLabel('Last step shown').fill('12349');
  await page.getByLabel('Last step shown').press('Enter');
  await page.getByText('The numbers of train/loss').click();
  await expect.poll(() => numbers.locator('tbody tr').count()).toBe(10);
  const cells = await numbers.locator('tbody tr', { hasText: '12345' }).locator('td').allInnerTexts();
  const [mean, least, greatest] = cells.map(Number);
  expect(mean).toBeCloseTo((2 / 12_346 + 1 + 50) / 3, 10);
  expect([least, greatest]).toEqual([1 / 12_346, 50]);
  await withAxe(page);
  expect(await examine(page, 'curves')).toEqual([]);

  // A part that a mouse marks; then all of it again, by a double click.
  await page.getByRole('button', { name: 'All steps' }).click();
  await page.getByLabel('Seeds together').uncheck();
  await expect.poll(() => legend.count()).toBe(6);
  const plot = page.locator('.chart .u-over');
  await plot.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await plot.boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + width / 100, y + height / 2, { steps: 5 });
  const asked = page.waitForResponse((reply) => /curves\?kind=finetune-score&from=\d+&to=\d+/.test(reply.url()));
  await page.mouse.up();
  const { curves } = await (await asked).json();
  const [from, to] = await Promise.all(
    ['First', 'Last'].map(async (end) => Number(await page.getByLabel(`${end} step shown`).inputValue())),
  );
  expect(from).toBeGreaterThan(9800);
  expect(to).toBeLessThan(10_400);
  expect(curves[0].points.length).toBe(to! - from! + 1);
  await plot.dblclick();
  await expect.poll(() => page.getByLabel('First step shown').inputValue()).toBe('');

  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: 'All points as CSV' }).click();
  const download = await saving;
  expect(download.suggestedFilename()).toBe('x-1-points.csv');
  const lines = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines).toHaveLength(1 + 6 * numSteps);
  expect(lines.filter((line) => line.startsWith('all-2,') && line.includes(',12345,50,'))).toHaveLength(1);
  expect(watched.complaints).toEqual([]);
});

test('trials of many runs are listed over their seeds, with the metrics one chooses', async () => {
  const tracker = openTracker(dir);
  const rows = ['all', 'thematic'].map((row) => ({ row }));
  const record = (steps: number, own: readonly number[]) =>
    recordRun(tracker, {
      resolved: { config: { steps }, rows },
      trials: own.map((seed) => ({ row: 'all', seed })),
      stages: own.map((seed) => ({
        ...{ key: `${steps}-${seed}`, kind: 'evaluate-score', trials: [{ row: 'all', seed }] },
        metrics: { PLCC: 0.5 + steps / 1000 + seed / 10, SRCC: 0.9 - steps / 1000, RMSE: 1 },
      })),
    });
  for (let steps = 0; steps < 60; steps++) record(steps, seeds);
  const { address } = await watched.startUi(dir);
  const page = await watched.openTab(address);
  await page.getByRole('link', { name: 'Trials over seeds' }).click();
  const list = page.getByRole('region', { name: 'Trials over seeds' });
  const first = list.locator('tbody tr.row').first();
  await expect.poll(() => first.innerText()).toMatch(/all\s+x\s+0.659 ± 0.100\s+0.841 ± 0.000\s+3\s+x-60/);
  await page.getByText('60 groups').waitFor();
  // A run that adds a seed to a group is heard of, although there are as many groups as before.
  record(59, [3]);
  tracker.close();
  await expect.poll(() => first.innerText()).toMatch(/0.709 ± 0.129\s+0.841 ± 0.000\s+4\s+x-61/);
  await list.getByRole('button', { name: 'SRCC' }).click();
  await expect.poll(() => first.innerText()).toMatch(/0.600 ± 0.100\s+0.900 ± 0.000/);
  await page.locator('summary', { hasText: 'Columns' }).click();
  await page.getByLabel('RMSE').check();
  await expect.poll(() => first.innerText()).toContain('1.000 ± 0.000');
  await page.getByLabel('PLCC').uncheck();
  await expect.poll(() => first.innerText()).not.toContain('0.600');
  await withAxe(page);
  const found = await examine(page, 'groups');

  await page.getByRole('link', { name: 'Runs', exact: true }).last().click();
  await page.locator('summary', { hasText: 'Columns' }).click();
  await page.getByLabel('Experiment').check();
  await page.getByLabel('Took').uncheck();
  await page.reload();
  const heads = page.getByRole('region', { name: 'Runs' }).locator('thead th');
  await expect
    .poll(() => heads.allInnerTexts())
    .toEqual(['Run', 'Status', 'Started ↓', 'Trials', 'Experiment', 'Title']);
  found.push(...(await withAxe(page).then(() => examine(page, 'runs-columns'))));
  expect(found).toEqual([]);
  expect(watched.complaints).toEqual([]);
});
