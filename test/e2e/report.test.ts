// The report of a run: one file that a browser without a network shows in full, with the numbers of `tables`, whatever
// became of the run.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { examine, watchStories, withAxe } from './browser.test-util.ts';
import { makeRealRuns, type RealRuns } from './real-run.test-util.ts';
import { makeStory, until, type Story } from '../stories/story.test-util.ts';

let files: string;
beforeAll(() => void (files = mkdtempSync(join(tmpdir(), 'calm-orch-report-'))));
afterAll(() => rmSync(files, { recursive: true, force: true }));

describe('of a run of the real program', () => {
  let runs: RealRuns;
  let file: string;
  const ask = async (args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> => {
    const asked = runs.start('real', args);
    return { code: await asked.ended, text: asked.text() };
  };
  beforeAll(async () => {
    runs = makeRealRuns();
    file = join(files, 'real.html');
    await runs.copy('judged', 'real');
    expect(await ask(['report', '-o', file])).toEqual({
      code: 0,
      text: expect.stringMatching(/^Wrote .*real\.html \(\d+ kB\): run smoke-1, succeeded\.\n$/),
    });
  }, 600_000);
  afterAll(() => runs.close());

  describe('in a browser without a network', () => {
    const watched = watchStories();
    const open = async (): Promise<Page> => {
      await watched.context.setOffline(true);
      return watched.openTab(pathToFileURL(file).href);
    };

    test('shows everything without network or script, on wide and narrow windows, light and dark', async () => {
      const page = await open();
      expect(await page.locator('script').count()).toBe(0);
      expect(await page.locator('h2').allInnerTexts()).toEqual([
        ...["The paper's claims", 'Curves', 'Photographs', 'Suggestions', 'How to make it again'],
        ...['Fingerprints', 'Ledger', 'Stages', 'Configuration'],
      ]);
      const pictures = page.locator('.cards img');
      expect(await pictures.count()).toBeGreaterThanOrEqual(12 + 6);
      const widths = await page.evaluate<number[]>('[...document.images].map(({ naturalWidth }) => naturalWidth)');
      expect(Math.min(...widths)).toBeGreaterThan(10);
      expect(Math.max(...widths)).toBeLessThanOrEqual(256);
      for (const kind of ['pretrain-ssl', 'pretrain-generic', 'finetune-comment', 'finetune-score'])
        for (const metric of ['train/loss', 'train/learningRate'])
          expect(await page.getByRole('img', { name: `${metric} of ${kind} over steps` }).count()).toBe(1);
      for (const details of await page.locator('details').all()) await details.locator('summary').first().click();
      await withAxe(page);
      expect(await examine(page, 'report')).toEqual([]);
      expect(watched.complaints).toEqual([]);
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(31, 35, 38)');
    });

    test('has the numbers of `tables`, in its table and at full precision', async () => {
      const page = await open();
      const tables = JSON.parse((await ask(['tables', '--format', 'json'])).text);
      expect(JSON.parse((await page.locator('#tables-json').textContent())!)).toEqual(tables);
      for (const { row, metrics } of tables[0].rows) {
        const cells = page
          .locator('table.result tr', { has: page.getByRole('rowheader', { name: row, exact: true }) })
          .locator('td.number');
        const ours = Object.values(metrics as Record<string, { values: number[]; paper: number | null }>).flatMap(
          ({ values, paper }) => [
            values.map((value) => value.toFixed(3)).join(', ') || '–',
            ...(paper === null ? [] : [paper.toFixed(3)]),
          ],
        );
        expect((await cells.allTextContents()).slice(0, -1)).toEqual(ours);
      }
      expect(tables[0].rows).toHaveLength(2);
    });

    test('names the command that makes the run again, and the fingerprints that come of it', async () => {
      const page = await open();
      const command = await page.getByRole('region', { name: 'Command' }).innerText();
      expect(command).toMatch(
        /^calm-orch run experiments\/smoke\.yaml --seeds 0,1 --set .*--set finetuneScore\.steps=40/,
      );
      const shown = JSON.parse((await ask(['show', '--json'])).text) as { trials: { fingerprint: string }[] };
      for (const { fingerprint } of shown.trials)
        expect(await page.getByRole('region', { name: 'Fingerprints of trials' }).innerText()).toContain(fingerprint);
      const again = await ask([...command.split(' ').slice(1), '--json']);
      expect(again.text).toMatch(/"executed": 0,\s+"reused": \d\d/);
    });
  });

  test('is a function of the run, and takes the place of nothing but a report', async () => {
    const before = readFileSync(file);
    expect((await ask(['report', 'smoke-1', '-o', file])).code).toBe(0);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(statSync(file).size).toBeLessThan(1_000_000);
    const other = join(files, 'thesis.html');
    writeFileSync(other, '<!doctype html>\nmine');
    expect(await ask(['report', '-o', other])).toEqual({
      code: 2,
      text: expect.stringMatching(/thesis\.html: this file is no report of calm-orch; .*--force/),
    });
    expect(readFileSync(other, 'utf8')).toContain('mine');
    expect((await ask(['report', '-o', files])).text).toContain('it is a folder');
    const forced = await ask(['report', 'smoke-1', '-o', other, '--force', '--json']);
    expect(JSON.parse(forced.text)).toEqual({
      ...{ run: 'smoke-1', status: 'succeeded', interrupted: false, file: other },
      bytes: before.length,
    });
  });

  test('is drawn in the terminal by `show --plot`', async () => {
    const { code, text } = await ask(['show', '--plot']);
    expect([code, text.includes('\u001b')]).toEqual([0, false]);
    expect(text).toContain('train/loss of finetune-score, all, mean of 2 seeds\n');
    expect(text).toContain("prediction against people's score of 20 photographs, row all, seed 0\n");
    const { curves, scores } = JSON.parse((await ask(['show', '--plot', '--json'])).text);
    const { stages } = JSON.parse((await ask(['show', '--json'])).text);
    const losses = stages
      .filter(({ label }: { label: string }) => /^finetune-score all/.test(label))
      .map((stage: { curves: Record<string, [number, number][]> }) => stage.curves['train/loss']!.map(([, y]) => y));
    const { rows } = curves.find((one: { stage: string }) => one.stage === 'finetune-score');
    expect(rows.find(({ row }: { row: string }) => row === 'all').points).toEqual(
      losses[0].map((loss: number, step: number) => {
        const other = losses[1][step];
        return [step, (loss + other) / 2, Math.min(loss, other), Math.max(loss, other)];
      }),
    );
    expect(scores.photographs).toHaveLength(20);
    expect((await ask(['show', '--plot', '--config'])).text).toContain('--config, --plot: each shows something else');
  });

  test('leaves photographs out where asked to', async () => {
    const bare = join(files, 'bare.html');
    expect((await ask(['report', 'smoke-1', '-o', bare, '--no-photographs'])).code).toBe(0);
    expect(readFileSync(bare, 'utf8')).not.toContain('<img');
    expect(readFileSync(file, 'utf8')).toContain('<img');
  });
});

describe('of a run that has not succeeded', () => {
  let story: Story;
  afterEach(() => story.close());
  const run = ['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'];
  const written = async (): Promise<string> => {
    const file = join(files, 'open.html');
    expect((await story.run(['report', '-o', file])).code).toBe(0);
    return readFileSync(file, 'utf8');
  };

  test('says that it is at work, and how far', async () => {
    story = makeStory();
    const running = story.start(run, { stepMs: 100 });
    await until('training is under way', () => story.lines('steps').length >= 30);
    expect(await written()).toMatch(/This run is still at work: \d+ of 17 stages are done\. /);
    await running.kill('SIGINT');
    expect(await written()).toMatch(/This run was cancelled: \d+ of 17 stages are done\. /);
  });

  test('says what failed, and why', async () => {
    story = makeStory();
    await story.run(run, { misbehave: { 'finetune-score': { how: 'throw', times: 100 } } });
    const text = await written();
    expect(text).toMatch(/This run failed.*: \d+ of 17 stages are done\. /);
    expect(text).toMatch(/finetune-score [^<]*failed: [^<]*bad photograph number 7/);
  });
});
