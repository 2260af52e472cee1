import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { programRoot, rootAbove } from '../../program-root.ts';
import { carriedFile, findExperiment } from './carried.ts';
import { loadExperiment } from './load.ts';

const before = process.cwd();
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-carried-'));
  // As in the empty folder of somebody who has no clone; forks of vitest may change theirs.
  process.chdir(dir);
});

afterEach(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true, force: true });
});

test('an experiment that is not here is the one that comes with calm-orch, and that is said', () => {
  const notes: string[] = [];
  const experiment = loadExperiment('experiments/smoke.yaml', { note: (line) => notes.push(line) });
  expect(experiment).toMatchObject({ name: 'smoke', path: join(programRoot, 'experiments', 'smoke.yaml') });
  expect(notes).toEqual([
    expect.stringMatching(
      /^no file experiments\/smoke\.yaml here: taking the one that comes with calm-orch, \/.*\/smoke\.yaml$/,
    ),
  ]);
});

test('an experiment that is here comes before the one that is carried', () => {
  mkdirSync('experiments');
  writeFileSync(join('experiments', 'smoke.yaml'), 'rows: [{ row: mine }]\n');
  const notes: string[] = [];
  const { rows } = loadExperiment('experiments/smoke.yaml', { note: (line) => notes.push(line) });
  expect([rows.map(({ row }) => row), notes]).toEqual([['mine'], []]);
});

test("one's own experiment may name an ablation that comes with calm-orch", () => {
  writeFileSync('mine.yaml', 'ablation: ablations/table-5-mfam.yaml\nrows: [all]\n');
  const notes: string[] = [];
  const { table } = loadExperiment('mine.yaml', { note: (line) => notes.push(line) });
  expect(table.id).toBe('table-5-mfam');
  expect(notes).toEqual([expect.stringContaining('no file ablations/table-5-mfam.yaml here')]);
});

test('names the carried experiment that was meant', () => {
  for (const [typed, meant] of [
    ['experiments/smok.yaml', 'smoke'],
    ['smoke.yaml', 'smoke'],
    ['ablation-mfma.yaml', 'ablation-mfam'],
  ] as const)
    expect(() => loadExperiment(typed)).toThrow(
      `no file ${typed}: did you mean experiments/${meant}.yaml, which comes with calm-orch?`,
    );
  expect(() => loadExperiment('nowhere.yaml')).toThrow('no file nowhere.yaml: check the path');
});

test('only experiments and ablations are looked for among what is carried', () => {
  expect(carriedFile('experiments/../ablations/table-5-mfam.yaml')).toBeDefined();
  expect(['package.json', '../package.json', 'experiments/../package.json'].map((name) => carriedFile(name))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(findExperiment('package.json')).toEqual({ path: join(process.cwd(), 'package.json'), carried: false });
});

test('the program lies above its packages, in a clone and where they are bundled', () => {
  expect(rootAbove('/home/me/clone/')).toBe('/home/me/clone/');
  expect(rootAbove('/home/me/x/node_modules/calm-orch/node_modules/')).toBe('/home/me/x/node_modules/calm-orch/');
});
