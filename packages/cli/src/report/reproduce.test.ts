import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { programRoot } from '@calm-orch/core';
import { loadExperiment, untilDecided, type LoadOptions } from '@calm-orch/core/config';
import type { RunRecord } from '@calm-orch/tracker';
import { commandOfRun } from './reproduce.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-reproduce-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const recorded = ({ path, hash, resolved }: Pick<RunRecord, 'path' | 'hash' | 'resolved'>): RunRecord =>
  ({ id: 'x-1', path, hash, resolved: JSON.parse(JSON.stringify(resolved)) }) as RunRecord;
const commandOf = (path: string, options?: LoadOptions) => commandOfRun(recorded(loadExperiment(path, options)));

test('a file that comes with calm-orch is named by its name, and options only where they are needed', () => {
  const path = join(programRoot, 'experiments/ablation-mfam.yaml');
  expect(commandOf(path)).toEqual({ command: 'calm-orch run experiments/ablation-mfam.yaml', caveat: null });
  expect(commandOf(path, { seeds: [7] }).command).toBe('calm-orch run experiments/ablation-mfam.yaml --seeds 7');
  expect(commandOf(path, { rows: ['all', 'thematic'], seeds: [0, 1] })).toEqual({
    command: 'calm-orch run experiments/ablation-mfam.yaml --rows thematic,all --seeds 0,1',
    caveat: null,
  });
});

test('settings are given as they were set, and quoted for the shell', () => {
  const path = join(programRoot, 'experiments/smoke.yaml');
  const set = ['scorePrefix=it\'s "worth"', 'finetuneScore.steps=77'];
  expect(commandOf(path, { set })).toEqual({
    command: String.raw`calm-orch run experiments/smoke.yaml --set finetuneScore.steps=77 --set 'scorePrefix="it'\''s \"worth\""'`,
    caveat: null,
  });
  expect(commandOf(path, { preset: 'paper', seeds: [3] })).toEqual({
    command: 'calm-orch run experiments/smoke.yaml --rows thematic,all --seeds 3 --preset paper',
    caveat: null,
  });
});

test('a file that has changed, or is gone, is said to have', () => {
  const path = join(dir, 'mine.yaml');
  writeFileSync(path, 'rows: [{ row: a }]\n');
  const run = recorded(loadExperiment(path));
  writeFileSync(path, 'rows: [{ row: b }]\n');
  expect(commandOfRun(run)).toEqual({
    command: `calm-orch run ${path}`,
    caveat: expect.stringMatching(/^The file says something else now, .*`calm-orch show x-1 --config`/),
  });
  rmSync(path);
  expect(commandOfRun(run).caveat).not.toBeNull();
});

test('a run that adds seeds is made again with that option', () => {
  const experiment = untilDecided(loadExperiment(join(programRoot, 'experiments/ablation-mfam.yaml')), 5);
  const { command, caveat } = commandOfRun(recorded(experiment));
  expect(command).toBe('calm-orch run experiments/ablation-mfam.yaml --until-decided --max-seeds 5');
  expect(caveat).toMatch(/--set may be missing/);
});
