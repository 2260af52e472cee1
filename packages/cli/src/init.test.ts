// Files that `init` writes, and what it refuses.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadExperiment } from '@calm-orch/core/config';
import { calmOrch, type Ended } from './calm-orch.test-util.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-init-test-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const init = (...args: string[]): Promise<Ended> => calmOrch(['init', ...args], { cwd: dir });
const text = (name: string): string => readFileSync(join(dir, name), 'utf8');

test('without a terminal a file is written by flags alone, each setting with what it does and its default', async () => {
  const { code, stdout } = await init(
    ...['mine.yaml', '--rows', 'thematic,all', '--seeds', '1,2', '--set', 'finetuneScore.steps=6'],
    ...['--title', 'A try: "mine"', '--trainers', '2'],
  );
  expect([code, stdout]).toEqual([0, expect.stringContaining('calm-orch run mine.yaml')]);
  const written = text('mine.yaml');
  expect(written).toMatch(/^# yaml-language-server: \$schema=\S+experiment\.schema\.json\n/);
  expect(written).toContain('  # Optimizer updates. Default: 1000 (nano), 1825 (paper).\n  finetuneScore.steps: 6\n');
  expect(written).toMatch(
    /# Optimizer updates\. Default: 400 \(nano\), \d+ \(paper\)\.\n {2}# pretrainSsl\.steps: 400\n/,
  );
  for (const line of written.split('\n')) expect(line.length).toBeLessThanOrEqual(130);
  const experiment = loadExperiment(join(dir, 'mine.yaml'));
  expect(experiment).toMatchObject({ title: 'A try: "mine"', seeds: [1, 2], trainers: 2, preset: 'nano' });
  expect(experiment.rows.map(({ row }) => row)).toEqual(['thematic', 'all']);
  expect(experiment.rows[0]!.config(1).finetuneScore.steps).toBe(6);
});

test('what stands behind a # is good YAML once the # is gone', async () => {
  await init('all.yaml');
  const uncommented = text('all.yaml').replaceAll(/^( *)# (\w[\w.]*: .*)$/gm, (line, indent: string, rest: string) =>
    /^(rows|trainers|augmentors|evaluators|title|[a-zA-Z]+\.[\w.]+): /.test(rest) ? indent + rest : line,
  );
  expect(uncommented).not.toBe(text('all.yaml'));
  writeFileSync(join(dir, 'all.yaml'), uncommented);
  const { rows, title, trainers } = loadExperiment(join(dir, 'all.yaml'));
  expect([rows.length, title, trainers]).toEqual([5, 'My experiment', 8]);
});

test('an ablation of one’s own is named from where the file is; the preset decides which defaults are shown', async () => {
  mkdirSync(join(dir, 'tables'));
  writeFileSync(join(dir, 'tables/own.yaml'), 'title: Own\nmetrics: [PLCC]\nrows: [{row: a}, {row: b b}]\n');
  const { code, stderr } = await init(
    'in/x.yaml',
    '--ablation',
    'tables/own.yaml',
    '--rows',
    'b b',
    '--preset',
    'paper',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(text('in/x.yaml')).toContain('\nablation: ../tables/own.yaml\n');
  expect(text('in/x.yaml')).toContain('  # mfam.queries: 32\n');
  expect(loadExperiment(join(dir, 'in/x.yaml')).rows.map(({ row }) => row)).toEqual(['b b']);
});

test('a file that is there stays unless it is to be replaced; what is mistyped is said by its option, and nothing is written', async () => {
  writeFileSync(join(dir, 'x.yaml'), 'mine');
  expect(await init('x.yaml')).toMatchObject({ code: 1, stderr: expect.stringContaining('x.yaml is there already') });
  expect(text('x.yaml')).toBe('mine');
  expect((await init('x.yaml', '--force')).code).toBe(0);
  expect(text('x.yaml')).toContain('ablation: ablations/table-5-mfam.yaml');
  const mistakes: readonly [args: string[], says: RegExp][] = [
    [['y.yaml', '--ablation', 'table-5-mfa'], /--ablation: no ablation `table-5-mfa`; did you mean `table-5-mfam`\?/],
    [['y.yaml', '--rows', 'al'], /--rows: unknown row `al`; did you mean `all`\?/],
    [
      ['y.yaml', '--set', 'finetuneScore.step=6'],
      /--set finetuneScore\.step=6: unknown key .* did you mean `finetuneScore\.steps`\?/,
    ],
    [['y.yaml', '--set', 'mfam.levels=[low]'], /`mfam\.levels` is what the rows vary/],
    [['y.yaml', '--seeds', 'one'], /--seeds: expected whole numbers/],
    [['y.yaml', '--trainers', '0'], /--trainers: expected a whole number of at least 1, got 0/],
    [['y.txt'], /expected a name that ends in \.yaml, got y\.txt/],
  ];
  for (const [args, says] of mistakes) {
    const { code, stderr } = await init(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(says)]);
  }
  expect(existsSync(join(dir, 'y.yaml'))).toBe(false);
});

test('the schema is printed, and where it lies', async () => {
  const { stdout } = await calmOrch(['schema']);
  expect(JSON.parse(stdout)).toMatchObject({ title: 'An experiment of calm-orch' });
  const path = (await calmOrch(['schema', '--path'])).stdout.trim();
  expect(readFileSync(path, 'utf8').trimEnd()).toBe(stdout.trimEnd());
});
