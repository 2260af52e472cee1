// Compare and Try on the page, in a real browser, over runs of the real program.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examine, watchStories, withAxe } from './browser.test-util.ts';
import { fewSteps, makeRealRuns, type RealRuns } from './real-run.test-util.ts';

const watched = watchStories();
let runs: RealRuns;
const ask = async (args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> => {
  const asked = runs.start('real', args);
  return { code: await asked.ended, text: asked.text() };
};
beforeAll(async () => {
  runs = makeRealRuns();
  const run = ['run', 'experiments/smoke.yaml', '--seeds', '0,1', '--trainers', '1', '--augmentors', '1', ...fewSteps];
  expect(await ask([...run, '--rows', 'all'])).toMatchObject({ code: 0 });
  // Other weights for scores; comments are those of the first.
  expect(await ask([...run, '--set', 'finetuneScore.steps=6'])).toMatchObject({ code: 0 });
}, 600_000);
afterAll(() => runs.close());

test('two runs are chosen with the keyboard and compared: as `compare` says, with their curves in one chart', async () => {
  const compared = JSON.parse((await ask(['compare', 'smoke-1', 'smoke-2', '--json'])).text);
  expect(compared.configuration).toEqual([
    { what: 'config.finetuneScore.steps', a: 3, b: 6 },
    { what: 'rows.thematic', a: null, b: { set: { 'mfam.levels': ['thematic'] } } },
  ]);
  const { address } = await watched.startUi(runs.folder('real').dir);
  const page = await watched.openTab(`${address}#/run/smoke-1`);
  await page.getByRole('link', { name: 'compare', exact: true }).click();
  await page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor();
  expect(await page.getByLabel('A', { exact: true }).inputValue()).toBe('smoke-1');
  await page.getByLabel('B', { exact: true }).focus();
  await page.keyboard.type('smoke-2');
  await page.keyboard.press('Enter');

  const keys = page.getByRole('region', { name: 'What the configurations differ in' });
  await expect
    .poll(() => keys.locator('tbody tr').allInnerTexts())
    .toEqual([
      expect.stringMatching(/^config\.finetuneScore\.steps\s+3\s+6$/),
      expect.stringMatching(/^rows\.thematic\s+–\s+\{"set":/),
    ]);
  const lines = page.getByRole('region', { name: 'Metrics of both runs' }).locator('tbody tr');
  expect(await lines.count()).toBe(compared.metrics.length);
  const printed = (await ask(['compare', 'smoke-1', 'smoke-2'])).text;
  for (const [i, { row, metric, paired }] of compared.metrics.entries()) {
    const cells = (await lines.nth(i).locator('th, td').allInnerTexts()).map((text) => text.trim());
    expect(cells.slice(0, 2)).toEqual([row, metric]);
    for (const text of cells.slice(2).filter((one) => one !== '')) expect(printed).toContain(text);
    expect(await lines.nth(i).getByRole('img').count()).toBe(paired === null ? 0 : 1);
  }
  expect(compared.metrics.filter(({ paired }: { paired: unknown }) => paired !== null).length).toBeGreaterThan(1);
  await page.getByRole('combobox', { name: 'Stages' }).selectOption('finetune-score');
  const chart = page.getByRole('figure').filter({ hasText: 'train/loss' });
  expect(await chart.locator('.legend li').allInnerTexts()).toEqual([
    expect.stringContaining('A, all, mean of 2 seeds'),
    expect.stringContaining('B, all, mean of 2 seeds'),
    expect.stringContaining('B, thematic, mean of 2 seeds'),
  ]);
  await withAxe(page);
  expect(await examine(page, 'compare')).toEqual([]);
  await page.goto(`${address}#/compare?a=smoke-1&b=smoke-9`);
  await page.getByRole('alert').getByText('smoke-9').waitFor();
  // The browser's own word on an answer that is an error.
  expect(watched.complaints.filter((text) => !text.includes('404'))).toEqual([]);
});
