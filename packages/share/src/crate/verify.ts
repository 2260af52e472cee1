// Whether a package holds together: its hashes, its keys, its numbers as its predictions give them, its tables and verdicts
// as its numbers give them, and every file that is made of these. Nothing but the package is read. What is changed by hand
// is found where it no longer follows from the rest, even if the sums were made to fit.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, hashOf, hashOfResolved, sha256, wholeFilesIn } from '@calm-orch/core';
import type { Table } from '@calm-orch/report';
import { derivedFiles, tablesFile } from './derived.ts';
import { textDifferences, valueDifferences, type Difference } from './differences.ts';
import { crateMetadata } from './metadata.ts';
import { metadataFile, readSource, sourceFiles, sumsFile, type PackagedStage, type Source } from './source.ts';
import { measureStage, tablesOfPackage, type MeasuredStage } from './tables.ts';

/** Something that does not follow from the rest of the package. */
export interface Problem extends Difference {
  /** Path in the package. */
  readonly file: string;
}

export interface VerifiedPackage {
  readonly run: string | null;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly files: number;
  /** Measured or judged again. */
  readonly stages: number;
  readonly numbers: number;
  readonly tables: number;
  readonly verdicts: number;
  /** Numbers that are recorded alone, as `evaluate-comment all seed 0: METEOR`. */
  readonly recorded: readonly string[];
}

export interface VerifyOptions {
  /** This program's; files that another has worded are not compared word by word. */
  readonly program: string;
  /** METEOR's own folder, where a run used it. */
  readonly meteorDir?: string | undefined;
}

export async function verifyPackage(dir: string, { program, meteorDir }: VerifyOptions): Promise<VerifiedPackage> {
  const problems: Problem[] = [];
  const add = (file: string, found: readonly Difference[]): void =>
    void problems.push(...found.map((one) => ({ file, ...one })));
  /** Null, and a problem, where the file cannot be read as what it should be. */
  const reading = async <T>(file: string, read: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      add(file, [{ where: '', expected: 'a file that can be read', found: error.message }]);
      return null;
    }
  };
  const files = wholeFilesIn(dir);
  await reading(sumsFile, () => checkSums(dir, files, add));
  const source = await reading(sourceFiles.run, () => readSource(dir));
  const counts = { stages: 0, numbers: 0, tables: 0, verdicts: 0 };
  const recorded: string[] = [];
  if (source !== null) {
    const measured: MeasuredStage[] = [];
    add(sourceFiles.run, valueDifferences(hashOfResolved(source.run.resolved), source.run.hash, ['hash']));
    for (const stage of source.stages.stages) {
      add(sourceFiles.stages, keyDifferences(stage));
      if (!isPredicted(stage)) continue;
      checkArtifact(dir, stage, add);
      const own = await reading(stage.folder, () => measureStage(dir, stage, meteorDir));
      if (own === null) continue;
      measured.push(own);
      for (const [name, value] of Object.entries(stage.result?.metrics ?? {})) {
        if (!(name in own.metrics)) recorded.push(`${stage.label}: ${name}`);
        else add(sourceFiles.stages, valueDifferences(own.metrics[name], value, [stage.label, name]));
        counts.numbers += Number(name in own.metrics);
      }
      for (const [path, text] of own.files) add(path, textDifferences(text, textOf(dir, path)));
    }
    counts.stages = measured.length;
    const tables = await reading(tablesFile, () => tablesOfPackage(dir, source, measured));
    if (tables !== null) {
      counts.tables = tables.length;
      counts.verdicts = tables.reduce((sum, { verdicts }) => sum + verdicts.length, 0);
      const before = problems.length;
      await reading(tablesFile, () => checkTables(dir, tables, add));
      const isKnown = (): boolean => problems.length > before;
      if (source.run.program === program) await checkTexts(dir, source, tables, files, { add, reading, isKnown });
    }
  }
  const run = source?.run.run ?? null;
  return { run, ok: problems.length === 0, problems, files: files.length, ...counts, recorded };
}

type Add = (file: string, found: readonly Difference[]) => void;
type Reading = <T>(file: string, read: () => T | Promise<T>) => Promise<T | null>;

const isPredicted = (stage: PackagedStage): stage is PackagedStage & { readonly folder: string } =>
  stage.folder !== null;
const textOf = (dir: string, path: string): string => readFileSync(join(dir, path), 'utf8');

/** What damaged or altered files make readers throw; other errors are defects. */
function isUnreadable(error: unknown): error is Error {
  if (error instanceof CalmError) return error.code !== 'internal' || /test items with/.test(error.message);
  return (
    error instanceof SyntaxError || error instanceof TypeError || (error as NodeJS.ErrnoException).code === 'ENOENT'
  );
}

function checkSums(dir: string, files: readonly string[], add: Add): void {
  const sums = new Map<string, string>();
  for (const [i, line] of textOf(dir, sumsFile).trimEnd().split('\n').entries()) {
    const [, sum, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sum === undefined || path === undefined)
      add(sumsFile, [{ where: `line ${i + 1}`, expected: 'a sha256 and a path', found: line }]);
    else sums.set(path, sum);
  }
  for (const path of files)
    if (path !== sumsFile)
      add(path, valueDifferences(sums.get(path) ?? 'no such file', sha256(readFileSync(join(dir, path))), ['sha256']));
  for (const path of sums.keys())
    if (!files.includes(path)) add(path, [{ where: '', expected: `a file (${sumsFile} lists it)`, found: null }]);
}

/** The key is the hash of all that can change what the stage makes. */
function keyDifferences({ key, kind, label, ingredients }: PackagedStage): Difference[] {
  if (ingredients === null) return [];
  return [
    ...valueDifferences(hashOf(ingredients), key, [label, 'key']),
    ...valueDifferences(ingredients.kind, kind, [label, 'kind']),
  ];
}

/** The predictions are the files that the run recorded. */
function checkArtifact(
  dir: string,
  { folder, label, files }: PackagedStage & { readonly folder: string },
  add: Add,
): void {
  for (const { path, bytes, sha256: recorded } of files) {
    const place = `${folder}/${path}`;
    if (!existsSync(join(dir, place))) continue;
    const content = readFileSync(join(dir, place));
    add(place, valueDifferences(recorded, sha256(content), [`${label}: sha256 in ${sourceFiles.stages}`]));
    add(place, valueDifferences(bytes, content.length, [`${label}: bytes in ${sourceFiles.stages}`]));
  }
}

function checkTables(dir: string, tables: readonly Table[], add: Add): void {
  const written = JSON.parse(textOf(dir, tablesFile)) as unknown;
  add(tablesFile, valueDifferences(JSON.parse(JSON.stringify(tables)), written));
}

/** What is made of source and tables, word by word; the metadata last, which describe all files. */
async function checkTexts(
  dir: string,
  source: Source,
  tables: readonly Table[],
  files: readonly string[],
  { add, reading, isKnown }: { readonly add: Add; readonly reading: Reading; isKnown(file: string): boolean },
): Promise<void> {
  for (const [path, text] of derivedFiles(source, tables))
    // Of a table whose values differ the place is told already.
    if (path !== tablesFile || !isKnown(path))
      await reading(path, () => add(path, textDifferences(text, textOf(dir, path))));
  const described = files.filter((path) => path !== metadataFile && path !== sumsFile);
  const contents = new Map(described.map((path) => [path, readFileSync(join(dir, path))]));
  await reading(metadataFile, () =>
    add(metadataFile, textDifferences(crateMetadata(source.run, contents), textOf(dir, metadataFile))),
  );
}
