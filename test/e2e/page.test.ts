// The page in a real browser: a run that goes on while one looks, tables that are those of `tables`, several tabs, a server
// that goes and comes back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { claim, judgedRun } from '../../packages/report/src/verdicts/judged-run.test-util.ts';
import { examine, watchStories, withAxe } from './browser.test-util.ts';
import { until } from '../stories/story.test-util.ts';

const watched = watchStories();

test('a run that begins while one looks appears, goes on and ends on its pages without a reload', async () => {
  const { address } = await watched.startUi(join(watched.story.dir, 'runs'));
  const list = await watched.openTab(address);
  await list.getByText('No runs here yet').waitFor();
  const run = watched.story.start(['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'], { stepMs: 150 });
  await list.getByRole('link', { name: 'story-1' }).click();
  const page = list;
  await page.getByRole('heading', { name: 'story-1', level: 1 }).waitFor();
  await page.locator('.stages .state.running').first().waitFor();

  // Points arrive: the value at the last step changes.
  const value = page.locator('.legend .number').first();
  await value.waitFor({ timeout: 100_000 });
  const before = await value.textContent();
  await expect.poll(() => value.textContent()).not.toBe(before);

  await page.evaluate('globalThis.isSame = true');
  expect((await run.ended).code).toBe(0);
  await page.locator('.head .state.succeeded').waitFor({ timeout: 10_000 });
  await expect.poll(() => page.locator('.stages .state.done').count()).toBeGreaterThanOrEqual(17);
  expect(await page.evaluate('isSame')).toBe(true);

  // All that can be done with a mouse can be done with the keyboard.
  const stage = page.locator('.stages a', { hasText: 'finetune-score' }).first();
  await stage.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^finetune-score/, level: 3 }).waitFor();
  await page.getByText('Why it was executed').waitFor();
  expect(await page.locator('.panel table').first().innerText()).toContain('trainer 0');
  await page.getByText(/^Key .*its ingredients$/).click();
  expect(await page.getByRole('region', { name: 'Ingredients of the key' }).innerText()).toContain('"engine"');
  await page.getByText('The numbers of').first().click();
  await withAxe(page);
  const found = await examine(page, 'run');

  await page.locator('.panel td a', { hasText: 'trainer 0' }).first().click();
  await page.getByText('wrote during one attempt').waitFor();
  await page.getByRole('link', { name: 'All of it' }).click();
  await expect.poll(() => page.locator('.log').innerText()).toContain('finetune-score');
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('No run is like that.').waitFor();
  await page.getByRole('searchbox').fill('STORY');
  await page.getByRole('link', { name: 'story-1' }).waitFor();
  found.push(...(await examine(page, 'runs')));
  expect(found).toEqual([]);
  expect(watched.complaints).toEqual([]);
});

test('a trainer killed with -9 shows in the timeline of a live run, with the machine and the ledger below', async () => {
  const { address } = await watched.startUi(join(watched.story.dir, 'runs'));
  const run = watched.story.start(['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'], { stepMs: 100 });
  await until('training is under way', () => watched.story.lines('steps').length > 6);
  const page = await watched.openTab(`${address}#/run/story-1`);
  const lane = page.locator('.timeline .lane[data-worker="trainer 0"]');
  await lane.locator('.lease.running').waitFor();
  expect(await lane.locator('.process').count()).toBe(1);
  await page.evaluate('globalThis.isSame = true');
  const { pid } = watched.story.processes().find(({ title }) => title === 'calm-orch trainer 0')!;
  process.kill(pid, 'SIGKILL');
  await lane.locator('.sign.killed').waitFor({ timeout: 10_000 });
  await lane.locator('.lease.lost').waitFor();
  await lane.locator('.sign.again').waitFor({ timeout: 20_000 });
  await expect.poll(() => lane.locator('.process').count()).toBe(2);
  expect(await lane.locator('.sign.killed').textContent()).toContain(`process ${pid}) killed: was ended by SIGKILL`);
  const before = await page.locator('.timeline .load .line').first().getAttribute('d');
  await expect.poll(() => page.locator('.timeline .load .line').first().getAttribute('d')).not.toBe(before);
  expect((await run.ended).code).toBe(0);
  await page.locator('.head .state.succeeded').waitFor({ timeout: 10_000 });
  expect(await page.evaluate('isSame')).toBe(true);

  await page.getByText('Workers and their ends').click();
  const ends = await page.getByRole('region', { name: 'Workers and their ends' }).innerText();
  expect(ends).toMatch(/trainer 0\s+\d+.*killed/);
  expect(ends.match(/finished/g)).toHaveLength(3);
  await page.getByText('Leases and changes of gangs').click();
  expect(await page.getByRole('region', { name: 'Leases and changes of gangs' }).innerText()).toMatch(
    /trainer 0.*lost/,
  );
  await page.getByText('Load of the machine').click();
  const readings = page.getByRole('region', { name: 'Load of the machine' }).locator('tbody tr');
  await expect.poll(() => readings.count()).toBeGreaterThan(3);
  await page.getByRole('button', { name: 'Count the steps of training' }).click();
  const audit = JSON.parse((await watched.story.run(['audit', '--json'])).stdout);
  const counted = page.getByRole('region', { name: 'Steps of training' }).locator('tbody tr');
  await expect.poll(() => counted.count()).toBe(audit.stages.length);
  for (const [i, stage] of audit.stages.entries()) {
    const { steps, shards, applied, numMissing, numRepeated, superseded } = stage;
    const cells = await counted.nth(i).locator('td.number').allInnerTexts();
    expect(cells.map(Number)).toEqual([steps * shards, applied, numMissing, numRepeated, superseded]);
  }
  await withAxe(page);
  expect(await examine(page, 'timeline')).toEqual([]);
  expect(watched.complaints).toEqual([]);
});

test('a second run says what it has reused', async () => {
  const asked = ['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'];
  await watched.story.run(asked);
  await watched.story.run(asked);
  const { address } = await watched.startUi(join(watched.story.dir, 'runs'));
  const page = await watched.openTab(`${address}#/run/story-2`);
  await expect.poll(() => page.locator('.stages td .state.reused').count()).toBeGreaterThanOrEqual(17);
  await page.locator('.stages tbody a').first().click();
  await page.getByText('Why it was reused').waitFor();
  expect(await page.locator('.panel').innerText()).toMatch(/which\s+story-1\s+made/);
  expect(watched.complaints).toEqual([]);
});

describe('tables', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'calm-orch-tables-'));
    const tracker = openTracker(dir);
    const rise = { ...claim('PLCC'), effect: 0.2 };
    judgedRun(tracker, dir, [
      rise,
      claim('CIDEr'),
      { ...claim('PLCC', 'bad'), claim: 'bad is better', than: ['good'] },
    ]);
    tracker.endRun('x-1', 'succeeded');
    tracker.close();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('hold the numbers of `tables`, the verdicts drawn, and copies equal to what the command prints', async () => {
    const { address } = await watched.startUi(dir);
    const page = await watched.openTab(address);
    await page.getByRole('link', { name: 'Tables' }).click();
    await page.locator('table.result').waitFor({ timeout: 60_000 });
    const print = async (format: string): Promise<string> =>
      (await watched.story.run(['tables', '--format', format, '--dir', dir])).stdout;

    const [table] = JSON.parse(await print('json'));
    for (const { row, metrics } of table.rows) {
      const cells = page
        .locator('table.result tr', { has: page.getByRole('rowheader', { name: row, exact: true }) })
        .locator('td');
      const texts = await cells.allInnerTexts();
      const means = Object.values(metrics as Record<string, { mean: number | null; std: number; n: number }>);
      expect(texts).toEqual([
        ...means.map(({ mean, std }) => (mean === null ? '–' : `${mean.toFixed(3)} ± ${std.toFixed(3)}`)),
        String(Math.max(...means.map(({ n }) => n))),
      ]);
    }
    const evidence = (await print('text')).split('\n').filter((line) => / \[[+-]\d.*\)$/.test(line));
    for (const line of evidence) {
      const words = /\((.*)\)$/.exec(line)![1]!;
      expect(await page.locator('.verdicts').innerText()).toContain(words.replace(/^\S+ /, '').slice(0, 40));
    }
    expect(evidence).toHaveLength(3);

    for (const [name, format] of [
      ['LaTeX', 'latex'],
      ['Markdown', 'markdown'],
      ['CSV', 'csv'],
    ] as const) {
      await page.getByRole('button', { name: `Copy ${name}` }).click();
      await page.getByText('Copied').first().waitFor();
      expect(`${await page.evaluate<string>('navigator.clipboard.readText()')}\n`).toBe(await print(format));
      await page.getByRole('button', { name: `Copy ${name}` }).waitFor();
    }
    await withAxe(page);
    expect(await examine(page, 'tables')).toEqual([]);
    expect(watched.complaints).toEqual([]);
  });

  test('interval and effect are drawn where their numbers lie', async () => {
    const { address } = await watched.startUi(dir);
    const page = await watched.openTab(`${address}#/tables/x`);
    const drawn = page.locator('.comparison').first().locator('svg.interval').first();
    await drawn.waitFor({ timeout: 60_000 });
    const answer = await (await watched.context.request.get(`${address}api/tables`)).json();
    const [{ difference, interval, effect }] = answer.tables[0].json.verdicts[0].comparisons;
    const middle = async (what: string): Promise<number> => {
      const { x, width } = (await drawn.locator(what).first().boundingBox())!;
      return x + width / 2;
    };
    // Two places give the scale, the others must lie on it.
    const zero = await middle('.zero');
    const scale = ((await middle('.theirs')) - zero) / effect;
    expect(((await middle('.ours')) - zero) / scale).toBeCloseTo(difference, 2);
    const bar = (await drawn.locator('.bar').boundingBox())!;
    expect((bar.x - zero) / scale).toBeCloseTo(interval[0], 1);
    expect((bar.x + bar.width - zero) / scale).toBeCloseTo(interval[1], 1);
  });

  test('of many tabs one holds the stream; another takes it over, and a server that comes back is taken up again', async () => {
    const { server, address } = await watched.startUi(dir);
    const streams = new Map<Page, number>();
    const tabs: Page[] = [];
    for (let i = 0; i < 8; i++) {
      const tab = await watched.context.newPage();
      tab.on('request', (request) => {
        if (request.url().endsWith('/api/live')) streams.set(tab, (streams.get(tab) ?? 0) + 1);
      });
      await tab.goto(address);
      await tab.locator('.connection.open').waitFor();
      tabs.push(tab);
    }
    expect([...streams]).toEqual([[tabs[0], 1]]);
    await tabs[0]!.close();
    await expect.poll(() => streams.size).toBe(2);

    const seen = tabs[5]!;
    await server.kill('SIGTERM');
    await seen.getByText('The server does not answer').waitFor();
    expect((await server.ended).code).toBe(0);
    const tracker = openTracker(dir);
    judgedRun(tracker, dir, []);
    tracker.close();
    await watched.startUi(dir, Number(new URL(address).port));
    await seen.locator('.connection.open').waitFor({ timeout: 10_000 });
    await seen.getByRole('link', { name: 'x-2' }).waitFor({ timeout: 10_000 });
  });

  test('colours follow the switch and stay with it; names are text, whatever they hold', async () => {
    const tracker = openTracker(dir);
    const head = {
      experiment: '<img src=x onerror=alert(1)>',
      path: '/x',
      hash: 'h',
      versions: {},
      machine: {},
      pid: process.pid,
    };
    const { id } = tracker.createRun({
      ...head,
      title: '<script>document.title = "taken"</script>',
      resolved: {},
      trials: [],
    });
    tracker.close();
    const { address } = await watched.startUi(dir);
    const page = await watched.openTab(address);
    await page.getByText('<script>document.title').waitFor();
    await page.goto(`${address}#/run/${encodeURIComponent(id)}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.title()).toBe(`${id} – calm-orch`);
    expect(await page.locator('main img, main script').count()).toBe(0);

    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    await page.getByLabel('Colours').selectOption('dark');
    expect(await ground()).not.toBe(light);
    await page.reload();
    expect(await ground()).not.toBe(light);
    expect(watched.complaints).toEqual([]);
  });
});
