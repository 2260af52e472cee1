import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programRoot, type DatasetName } from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { makeDatasets } from '@calm-orch/datasets';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkNeeds } from './check-needs.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-needs-'));
let dataFile: string;
beforeAll(async () => {
  dataFile = await makeDatasets({ dir, numTrain: 20 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const paper = join(programRoot, 'experiments/paper.yaml');
const withoutDataset = (name: DatasetName): string => {
  const path = join(dir, 'one-less.yaml');
  const lines = readFileSync(dataFile, 'utf8').split('\n');
  writeFileSync(path, lines.filter((line) => !line.startsWith(`${name}:`)).join('\n'));
  return path;
};
const problemWithout = async (name: DatasetName): Promise<{ message: string; notes: readonly string[] }> => {
  const data = withoutDataset(name);
  return checkNeeds(loadExperiment(paper, { data })).then(
    (notes) => ({ message: '', notes }),
    (error: Error) => ({ message: error.message, notes: [] }),
  );
};

describe('an experiment that lacks a dataset', () => {
  it.each(['AVA', 'AVA-Captions'] as const)('stops where it is %s, which every row needs', async (name) => {
    const { message } = await problemWithout(name);
    expect(message).toMatch(new RegExp(`without ${name} \\(the file of --data does not name it\\)$`));
    expect(message).not.toContain('--rows');
  });

  it.each([
    ['FLICKR-AES', ['table-3-personalized/']],
    ['PCCD', ['table-4-suggesting/', '/CALM-E']],
    ...(['EVA', 'AADB', 'SPAQ', 'TAD66K', 'ICAA17K', 'LLaVA-Mix665k'] as const).map((name) => [name, ['/CALM-E']]),
  ] as [DatasetName, string[]][])('says which rows %s costs, and runs the others', async (name, parts) => {
    const { message } = await problemWithout(name);
    const rows = loadExperiment(paper).rows.map(({ row }) => row);
    const lost = rows.filter((row) => parts.some((part) => row.includes(part)));
    const named = message
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => /costs \d+ rows: (.*)$/.exec(line)![1]!.split(', '));
    expect(new Set(named)).toEqual(new Set(lost));
    const rest = JSON.parse(/--rows (".*")$/.exec(message)![1]!) as string;
    expect(rest.split(',')).toEqual(rows.filter((row) => !lost.includes(row)));
    const again = loadExperiment(paper, { data: withoutDataset(name), rows: rest.split(',') });
    await expect(checkNeeds(again)).resolves.toHaveLength(name === 'FLICKR-AES' || name === 'LLaVA-Mix665k' ? 0 : 1);
  });

  it('suggests about AVA’s photographs on the validation split, and needs no PCCD for that', async () => {
    const rows = ['table-4-suggesting/CALM'];
    const load = (...set: string[]) => loadExperiment(paper, { data: withoutDataset('PCCD'), rows, set });
    await expect(checkNeeds(load())).rejects.toThrow('no good photographs to degrade without PCCD');
    await expect(checkNeeds(load('evaluate.split=val'))).resolves.toHaveLength(1);
  });

  it.each(['Pexels', 'LLaVA-Pretrain', 'ShareGPT4V'] as const)('goes on without %s, and says so', async (name) => {
    const { message, notes } = await problemWithout(name);
    expect(message).toBe('');
    expect(notes).toEqual([`data: pre-training does without ${name}: the file of --data does not name it`]);
  });

  it('counts a dataset whose label file is not there as missing, and names the file', async () => {
    const data = join(dir, 'elsewhere.yaml');
    writeFileSync(data, readFileSync(dataFile, 'utf8').replace('PCCD: PCCD', 'PCCD: Pexels'));
    await expect(checkNeeds(loadExperiment(paper, { data }))).rejects.toThrow(
      `PCCD (there is no ${join(dir, 'Pexels/raw.json')})`,
    );
  });

  it('needs none on the embedded data', async () => {
    await expect(checkNeeds(loadExperiment(paper))).resolves.toEqual([]);
  });
});
