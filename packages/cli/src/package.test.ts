// A package is verified where nothing but it is there; whatever digit is changed in it is found, even by somebody who makes the
// sums fit again.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rng, sha256, wholeFilesIn } from '@calm-orch/core';
import { verifyPackage } from '@calm-orch/share';
import { openTracker } from '@calm-orch/tracker';
import { crateMetadata } from '../../share/src/crate/metadata.ts';
import { recordPackagedRun } from '../../share/src/crate/packaged-run.test-util.ts';
import { sums } from '../../share/src/crate/write.ts';
import { calmOrch } from './calm-orch.test-util.ts';
import { version } from './version.ts';

let dir: string;
/** A whole package, without its run folder. */
let whole: string;
/** A folder with nothing in it. */
let elsewhere: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-package-test-'));
  [whole, elsewhere] = [join(dir, 'away', 'x-1-package'), join(dir, 'elsewhere')];
  mkdirSync(elsewhere);
  const tracker = openTracker(join(dir, 'runs'));
  await recordPackagedRun(tracker, join(dir, 'runs'));
  tracker.close();
  for (const output of [whole, `${whole}.zip`]) {
    const { code, stderr, stdout } = await calmOrch(['package', '-o', output, '--author', 'Ada Lovelace'], {
      cwd: dir,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /Run x-1: all follows from its predictions \(33 files, \d+ numbers of 15 stages measured again/,
    );
  }
  rmSync(join(dir, 'runs'), { recursive: true });
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const verified = (path: string) => verifyPackage(path, { program: version() });

/** A copy to be changed. */
function copy(): string {
  const path = mkdtempSync(join(dir, 'copy-'));
  cpSync(whole, path, { recursive: true });
  return path;
}

const read = (path: string, file: string): string => readFileSync(join(path, file), 'utf8');

/** The text with one of its digits changed. @param from Where it is looked for. */
function withOtherDigit(text: string, from: number): string {
  const at = from + text.slice(from).search(/\d/);
  return `${text.slice(0, at)}${(Number(text[at]) + 1) % 10}${text.slice(at + 1)}`;
}

/** Places of digits, drawn. */
function digitsOf(text: string, count: number): number[] {
  const all = [...text.matchAll(/\d/g)].map(({ index }) => index);
  return rng('digits', text.length).shuffle(all).slice(0, count);
}

/** Makes hashes fit what was changed: those of stages.json, the metadata, the sums. */
function forge(path: string, changed: string): void {
  const before = sha256(readFileSync(join(whole, changed)));
  const after = sha256(readFileSync(join(path, changed)));
  const [beforeBytes, afterBytes] = [whole, path].map((place) => readFileSync(join(place, changed)).length);
  expect(beforeBytes).toBe(afterBytes);
  if (changed !== 'stages.json')
    writeFileSync(join(path, 'stages.json'), read(path, 'stages.json').replaceAll(before, after));
  const files = new Map(
    wholeFilesIn(path)
      .filter((file) => !['ro-crate-metadata.json', 'SHA256SUMS'].includes(file))
      .map((file) => [file, readFileSync(join(path, file))] as const),
  );
  const run = JSON.parse(read(path, 'run.json'));
  files.set('ro-crate-metadata.json', Buffer.from(crateMetadata(run, files)));
  for (const [file, bytes] of files.set('SHA256SUMS', Buffer.from(sums(files)))) writeFileSync(join(path, file), bytes);
}

describe('a package as it was written', () => {
  test('is verified in an empty folder, as folder and as zip file', async () => {
    for (const target of [whole, `${whole}.zip`]) {
      const { code, stdout } = await calmOrch(['verify', target, '--json'], { cwd: elsewhere });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        ...{ run: 'x-1', ok: true, problems: [], files: 33, stages: 15, tables: 1, verdicts: 1, recorded: [] },
      });
    }
    expect(execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: whole, encoding: 'utf8' })).toBe('');
  });

  test('holds what the run was made of', () => {
    expect(wholeFilesIn(whole)).toEqual(
      expect.arrayContaining([
        ...['CHECKLIST.md', 'CITATION.cff', 'MODEL-CARD.md', 'README.md', 'SHA256SUMS', 'configuration.yaml'],
        ...['environment.json', 'ro-crate-metadata.json', 'run.json', 'sbom.cdx.json', 'stages.json'],
        ...['tables/tables.csv', 'tables/tables.json', 'tables/tables.md', 'tables/tables.tex'],
      ]),
    );
    expect(read(whole, 'CITATION.cff')).toContain('  - name: "Ada Lovelace"');
    const [table] = JSON.parse(read(whole, 'tables/tables.json'));
    expect(table.rows.map(({ row }: { row: string }) => row)).toEqual(['thematic', 'all']);
    expect(table.verdicts[0]).toMatchObject({ verdict: expect.any(String), comparisons: [{ than: 'thematic' }] });
    const bill = JSON.parse(read(whole, 'sbom.cdx.json'));
    expect(bill.components.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['yargs', 'better-sqlite3', '@calm-orch/evaluator']),
    );
    expect(read(whole, 'run.json')).not.toContain(dir);
  });
});

describe('a changed digit', () => {
  test('is found in every file', async () => {
    const path = copy();
    for (const file of wholeFilesIn(path)) {
      const text = read(path, file);
      for (const at of digitsOf(text, 1)) {
        writeFileSync(join(path, file), withOtherDigit(text, at));
        const { ok, problems } = await verified(path);
        expect([file, at, ok]).toEqual([file, at, false]);
        // Sums that are not right are told by the file they are of.
        if (file !== 'SHA256SUMS') expect(problems.map((one) => one.file)).toContain(file);
      }
      writeFileSync(join(path, file), text);
    }
    expect((await verified(path)).ok).toBe(true);
  });

  test('of a prediction changes what follows from it, whatever the hashes say', async () => {
    const path = copy();
    const kinds = new Set<string>();
    for (const file of wholeFilesIn(path).filter((name) => name.startsWith('predictions/'))) {
      const [, kind] = /predictions\/(.*)-[0-9a-f]+\//.exec(file)!;
      if (kinds.has(kind!) || /suggestions|annotators/.test(file)) continue;
      kinds.add(kind!);
      const text = read(path, file);
      // The last target, or a word of the first comment.
      const column = { 'evaluate-score': 1, baselines: 2, 'evaluate-personal': 3 }[kind!] ?? 0;
      const last = text.trimEnd().split('\n').at(-1)!;
      const before = last.split(',').slice(0, column).join().length;
      const changed = file.endsWith('.csv')
        ? withOtherDigit(text, text.lastIndexOf(last) + before + 1)
        : text.replace(/("candidate": ?")a/, '$1o');
      expect([file, changed === text]).toEqual([file, false]);
      writeFileSync(join(path, file), changed);
      forge(path, file);
      const { problems } = await verified(path);
      expect([kind, problems.map((one) => one.file)]).toEqual([kind, expect.arrayContaining(['stages.json'])]);
      cpSync(whole, path, { recursive: true });
    }
    expect([...kinds].sort()).toEqual([
      'baselines',
      'baselines-comment',
      'evaluate-comment',
      'evaluate-personal',
      'evaluate-score',
    ]);
  });

  test.each(['tables/tables.json', 'tables/tables.md', 'tables/tables.csv', 'tables/tables.tex', 'MODEL-CARD.md'])(
    'of %s is no longer what the predictions give, whatever the hashes say',
    async (file) => {
      const path = copy();
      const text = read(path, file);
      for (const at of digitsOf(text, 2)) {
        writeFileSync(join(path, file), withOtherDigit(text, at));
        forge(path, file);
        const { problems } = await verified(path);
        expect(problems).toEqual([expect.objectContaining({ file, where: expect.stringMatching(/./) })]);
      }
    },
  );

  test('of a recorded number, a key or the configuration is found, whatever the hashes say', async () => {
    const stages = read(whole, 'stages.json');
    const run = read(whole, 'run.json');
    const path = copy();
    for (const [file, text, at] of [
      ['stages.json', stages, stages.indexOf('"PLCC":')],
      ['stages.json', stages, stages.indexOf('"key":')],
      ['stages.json', stages, stages.indexOf('"seed":', stages.indexOf('"ingredients":'))],
      ['run.json', run, run.indexOf('"steps":')],
      ['run.json', run, run.indexOf('"hash":')],
    ] as const) {
      expect(at).toBeGreaterThan(0);
      writeFileSync(join(path, file), withOtherDigit(text, at));
      forge(path, file);
      const { problems } = await verified(path);
      expect([file, at, problems.map((one) => one.file)]).toEqual([file, at, expect.arrayContaining([file])]);
      cpSync(whole, path, { recursive: true });
    }
  });

  test('is told by file, row, column, what was expected and what was found', async () => {
    const path = copy();
    const [table] = JSON.parse(read(path, 'tables/tables.json'));
    const { mean } = table.rows[1].metrics.SRCC;
    table.rows[1].metrics.SRCC.mean = 0.999;
    writeFileSync(join(path, 'tables/tables.json'), `${JSON.stringify([table], null, 1)}\n`);
    const { code, stdout } = await calmOrch(['verify', path], { cwd: elsewhere });
    expect(code).toBe(1);
    expect(stdout).toContain(
      `tables/tables.json (table table-5-mfam, rows, row all, metrics, SRCC, mean): expected ${mean}, found 0.999\n`,
    );
  });
});

describe('a package that is no more', () => {
  test('lacks a file, has one too many, or is cut short', async () => {
    const path = copy();
    rmSync(join(path, 'tables/tables.md'));
    writeFileSync(join(path, 'more.txt'), '');
    writeFileSync(join(path, 'stages.json'), read(path, 'stages.json').slice(0, 1000));
    const { ok, problems } = await verified(path);
    expect(ok).toBe(false);
    expect(problems.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['tables/tables.md', 'more.txt', 'stages.json']),
    );
  });

  test('is no package: said in a sentence', async () => {
    writeFileSync(join(dir, 'broken.zip'), 'PK');
    const ask = (target: string) => calmOrch(['verify', target], { cwd: dir });
    expect(await ask('none/x-1-package')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no package at'),
    });
    expect(await ask('broken.zip')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read as a zip file'),
    });
  });
});

test('what cannot be measured again is not packaged', async () => {
  const place = join(dir, 'gone');
  const tracker = openTracker(place);
  const { id } = await recordPackagedRun(tracker, place);
  const stage = tracker.listRunStages(id).find(({ kind }) => kind === 'evaluate-score')!;
  tracker.close();
  const file = join(place, 'artifacts', stage.key, 'predictions.csv');
  const { stderr, code } = await (async () => {
    writeFileSync(file, withOtherDigit(readFileSync(file, 'utf8'), 50));
    return calmOrch(['package', '-o', join(dir, 'never'), '--dir', place], { cwd: dir });
  })();
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/predictions\.csv has other bytes|does not follow from its predictions/),
  ]);
  rmSync(file);
  const without = await calmOrch(['package', '-o', join(dir, 'never'), '--dir', place], { cwd: dir });
  expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('predictions.csv is not there') });
  expect(wholeFilesIn(dir).filter((name) => name.startsWith('never'))).toEqual([]);
});
