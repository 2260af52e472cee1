// Compare and Try on the page, in a real browser, over runs of the real program.
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine, watchStories, withAxe } from './browser.test-util.ts';
import { judged, makeRealRuns, type RealRuns } from './real-run.test-util.ts';

const watched = watchStories();
let runs: RealRuns;
let files: string;
const ask = async (args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> => {
  const asked = runs.start('real', args);
  return { code: await asked.ended, text: asked.text() };
};
beforeAll(async () => {
  runs = makeRealRuns();
  files = mkdtempSync(join(tmpdir(), 'calm-orch-try-'));
  await runs.copy('judged', 'real');
  // Other weights for scores; comments are those of the first.
  expect(await ask([...judged, '--rows', 'all', '--set', 'finetuneScore.steps=60'])).toMatchObject({ code: 0 });
}, 600_000);
afterAll(() => {
  runs.close();
  rmSync(files, { recursive: true, force: true });
});

test('two runs are chosen with the keyboard and compared: as `compare` says, with their curves in one chart', async () => {
  const compared = JSON.parse((await ask(['compare', 'smoke-1', 'smoke-2', '--json'])).text);
  expect(compared.configuration).toEqual([
    { what: 'config.finetuneScore.steps', a: 40, b: 60 },
    { what: 'rows.thematic', a: { set: { 'mfam.levels': ['thematic'] } }, b: null },
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
      expect.stringMatching(/^config\.finetuneScore\.steps\s+40\s+60$/),
      expect.stringMatching(/^rows\.thematic\s+\{"set":.*\s+–$/),
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
  expect(compared.metrics).toContainEqual(
    expect.objectContaining({ row: 'all', metric: 'PLCC', paired: expect.objectContaining({ seeds: [0, 1] }) }),
  );
  await page.getByRole('combobox', { name: 'Stages' }).selectOption('finetune-score');
  const chart = page.getByRole('figure').filter({ hasText: 'train/loss' });
  expect(await chart.locator('.legend li').allInnerTexts()).toEqual([
    expect.stringContaining('A, thematic, mean of 2 seeds'),
    expect.stringContaining('A, all, mean of 2 seeds'),
    expect.stringContaining('B, all, mean of 2 seeds'),
  ]);
  await withAxe(page);
  expect(await examine(page, 'compare')).toEqual([]);
  await page.goto(`${address}#/compare?a=smoke-1&b=smoke-9`);
  await page.getByRole('alert').getByText('smoke-9').waitFor();
  // The browser's own word on an answer that is an error.
  expect(watched.complaints.filter((text) => !text.includes('404'))).toEqual([]);
});

describe("a photograph of one's own", () => {
  const photo = fileURLToPath(new URL('../../assets/photos/aitzgorri.jpg', import.meta.url));
  const made = (name: string, content: Buffer | string): string => {
    writeFileSync(join(files, name), content);
    return join(files, name);
  };
  const own = ['--run', 'smoke-1', '--row', 'all', '--seed', '0', '--json'];
  const said = async (question: string): Promise<Record<string, unknown>> => {
    const { text } = await ask([question, photo, ...own]);
    return JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1))[0];
  };

  test('is dropped, and gets what the commands say of it, with heat maps of what each level attends to', async () => {
    const { address } = await watched.startUi(runs.folder('real').dir);
    const page = await watched.openTab(`${address}#/run/smoke-1`);
    await page.getByRole('link', { name: 'Try row all, seed 0' }).click();
    await page.getByRole('heading', { name: 'Try', level: 1 }).waitFor();
    const base64 = readFileSync(photo).toString('base64');
    const dropped = await page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(atob('${base64}'), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], 'aitzgorri.jpg', { type: 'image/jpeg' }));
      return transfer;
    })()`);
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: dropped });
    await page.getByText('Looking at aitzgorri.jpg').waitFor();
    await page.getByRole('heading', { name: 'aitzgorri.jpg', level: 2 }).waitFor({ timeout: 100_000 });

    const [{ score }, { comment }, { suggestion }] = [
      await said('score'),
      await said('comment'),
      await said('suggest'),
    ];
    expect(score).toBeGreaterThan(0);
    expect(await page.locator('dl.answers dd').allInnerTexts()).toEqual([
      `${(score as number).toFixed(2)} of 10`,
      comment,
      suggestion,
    ]);
    for (const level of ['high', 'middle', 'low']) {
      const map = page.getByRole('img', { name: new RegExp(`attention of the ${level} level, most at .+row`) });
      expect(await map.locator('rect').count()).toBe(64);
      const strength = await map
        .locator('rect')
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute('fill-opacity'))));
      expect(Math.max(...strength)).toBe(0.75);
      expect(Math.min(...strength)).toBeLessThan(0.7);
      // The photograph's own proportions, and the square in its middle.
      const [width, height] = (await map.getAttribute('viewBox'))!.split(' ').slice(2).map(Number);
      const { width: wide, height: high } = await sharp(photo).metadata();
      expect([width, height]).toEqual([wide, high]);
      expect(Number(await map.locator('rect').first().getAttribute('x'))).toBeCloseTo((wide - high) / 2, 3);
    }
    await page.getByText('The strongest patches of each level').click();
    const table = page.getByRole('region', { name: 'The strongest patches of each level' });
    await expect.poll(() => table.locator('tbody tr').count()).toBe(15);
    expect(await table.locator('tbody tr').first().innerText()).toMatch(
      /^high\s+.*row \d, column \d of 8\)\s+[\d.]+ %\s+[\d.]+$/,
    );
    await withAxe(page);
    expect(await examine(page, 'try')).toEqual([]);

    // Another trial is asked about the same photograph.
    await page.getByLabel('Model').selectOption({ label: 'thematic, seed 1 (smoke-1)' });
    await page.getByText('This model has no Q-Former').waitFor({ timeout: 100_000 });
    expect(watched.complaints).toEqual([]);
  });

  test('is chosen with the keyboard; what is none, or too large, is refused in words, and nothing stays', async () => {
    const { dir } = runs.folder('real');
    const { server, address } = await watched.startUi(dir);
    const listing = () => readdirSync(dir, { recursive: true }).sort();
    const page = await watched.openTab(`${address}#/try`);
    const choose = async (path: string): Promise<void> => {
      const chooser = page.waitForEvent('filechooser');
      await page.getByLabel(/Drop a photograph here/).press('Enter');
      await (await chooser).setFiles(path);
    };
    const refusal = page.getByRole('alert');
    await choose(photo);
    await page.getByRole('heading', { name: 'aitzgorri.jpg', level: 2 }).waitFor({ timeout: 100_000 });
    const before = listing();

    const blank = sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#336699' } });
    await choose(made('vast.png', await blank.png({ compressionLevel: 6 }).toBuffer()));
    await expect.poll(() => refusal.innerText()).toContain('fewer than 100 megapixels, got 10000x10000');
    await choose(made('notes.jpg', 'no photograph at all'));
    await expect.poll(() => refusal.innerText()).toContain('none of JPEG, PNG, WebP, GIF, TIFF, AVIF');
    await choose(made('half.jpg', readFileSync(photo).subarray(0, 90_000)));
    await expect.poll(() => refusal.innerText()).toContain('damaged or cut short');
    await choose(made('drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"/>'));
    await expect.poll(() => refusal.innerText()).toContain('none of JPEG, PNG, WebP, GIF, TIFF, AVIF');
    const huge = made('huge.jpg', '');
    truncateSync(huge, 1e9);
    const posted: string[] = [];
    page.on('request', (sent) => posted.push(sent.method()));
    await choose(huge);
    await expect.poll(() => refusal.innerText()).toContain('huge.jpg has 1.0 GB; up to 50.0 MB are read');
    expect(posted).not.toContain('POST');
    await withAxe(page);
    expect(await examine(page, 'try-refused')).toEqual([]);
    expect(listing()).toEqual(before);
    // The browser's own word on answers that refuse.
    expect(watched.complaints.filter((text) => !/status of 41[35]/.test(text))).toEqual([]);

    // A program that sends all the same: a gigabyte, announced or not, is not taken in.
    for (const length of [1e9, null]) {
      const { status, text, numSent } = await send(address, length);
      expect([length, status]).toEqual([length, 413]);
      expect(text).toContain('larger than 50 MB');
      expect(numSent).toBeLessThan(500e6);
    }
    expect(peakMemory(server.child.pid!)).toBeLessThan(400e6);
    await choose(photo);
    await page.getByRole('heading', { name: 'aitzgorri.jpg', level: 2 }).waitFor({ timeout: 100_000 });
  });
});

/** Zeros, for as long as they are taken and nothing is answered. @param length Announced; null: sent in chunks */
function send(address: string, length: number | null) {
  const { host, port, origin } = new URL(address);
  return new Promise<{ status: number; text: string; numSent: number }>((resolve, reject) => {
    const headers = { host, origin, ...(length !== null && { 'content-length': length }) };
    const path = '/api/runs/smoke-1/try?row=all&seed=0';
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false });
    let numSent = 0;
    let isAnswered = false;
    const piece = Buffer.alloc(1 << 16);
    const more = (): void => {
      while (!isAnswered && numSent < 1e9) {
        numSent += piece.length;
        if (!sent.write(piece)) return;
      }
    };
    sent.on('drain', more);
    sent.on('response', (reply) => {
      isAnswered = true;
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part: string) => (text += part));
      reply.on('end', () => {
        resolve({ status: reply.statusCode!, text, numSent });
        sent.destroy();
      });
    });
    sent.on('error', (error) => !isAnswered && reject(error));
    more();
  });
}

/** Bytes, at most so far. */
const peakMemory = (pid: number): number =>
  1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
