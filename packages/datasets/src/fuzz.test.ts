// Every reader on damaged files: each label file of every made dataset is cut short, shuffled and spoilt. A reader may
// read on where the damage does not show, or say file and line; it may not throw anything else, hang or swell.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CalmError, datasetNames, rng, type DatasetName } from '@calm-orch/core';
import { readAva } from './ava/read.ts';
import { surveyors } from './verify/survey.ts';
import { makeDatasets } from './make/make.ts';

const numDamages = 12;
const maxMs = 5000;
const maxGrowthBytes = 400 << 20;
const isLabelFile = /\.(txt|csv|json|jpgl|lab|multilab|xlsx|mat)$/;

/** A copy cut short, with a stretch shuffled, with single bytes replaced, or with a stretch repeated. */
function damaged(bytes: Buffer, name: string, round: number): Buffer {
  const random = rng('fuzz', name, round);
  const copy = Buffer.from(bytes);
  const from = random.int(copy.length);
  const to = Math.min(copy.length, from + 1 + random.int(200));
  switch (round % 4) {
    case 0:
      return copy.subarray(0, from);
    case 1:
      copy.set(random.shuffle([...copy.subarray(from, to)]), from);
      return copy;
    case 2:
      for (let i = 0; i < 5; i++) copy[random.int(copy.length)] = random.int(256);
      return copy;
    default:
      return Buffer.concat([copy.subarray(0, to), copy.subarray(from)]);
  }
}

function labelFilesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => isLabelFile.test(name))
    .sort();
}

describe('readers of damaged datasets', () => {
  let dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'calm-orch-fuzz-'));
    await makeDatasets({ dir, numTrain: 20 });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each(datasetNames.map((name) => [name]))(
    '%s: an error with file and line, or a reading',
    async (name: DatasetName) => {
      const root = join(dir, name);
      const ava = name === 'AVA' ? null : readAva(join(dir, 'AVA'));
      const outcomes = { read: 0, refused: 0 };
      const before = process.memoryUsage().rss;
      for (const file of labelFilesOf(root)) {
        const path = join(root, file);
        const whole = readFileSync(path);
        for (let round = 0; round < numDamages; round++) {
          writeFileSync(path, damaged(whole, file, round));
          const start = performance.now();
          try {
            await surveyors[name](root, { ava: () => ava });
            outcomes.read += 1;
          } catch (error) {
            outcomes.refused += 1;
            if (!(error instanceof CalmError)) throw new Error(`${file} in round ${round}`, { cause: error });
            expect(error.code).toBe('bad_data');
            expect(error.message).toMatch(/^\/.+:\d+: .*expected .+, got /s);
          }
          expect(performance.now() - start).toBeLessThan(maxMs);
        }
        writeFileSync(path, whole);
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(maxGrowthBytes);
      // Damage that is never noticed would mean that nothing is checked.
      expect(outcomes.refused).toBeGreaterThan(0);
    },
  );
});
