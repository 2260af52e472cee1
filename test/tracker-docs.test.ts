// docs/tracker.md describes the database as it is, and its script runs against the tarball's package, types and all.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqlite, openTracker } from '@calm-orch/tracker';
import { recordRun } from '../packages/tracker/src/recorded-run.test-util.ts';
import { repository } from './rules/sources.ts';

const document = readFileSync(join(repository, 'docs/tracker.md'), 'utf8');

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-tracker-docs-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Of each table: its columns in their order, with their types, `*` where they are never NULL. */
function described(): Record<string, string[]> {
  const sections = [...document.matchAll(/^`(\w+)`: [^\n]*(?:\n[^\n|]+)*\n\n((?:\|[^\n]*\n)+)/gm)];
  return Object.fromEntries(
    sections.map(([, name, table]) => {
      const rows = [...table!.matchAll(/^\| `(\w+)` +\| (\w+)(\\\*)? +\| (\S[^|]*?) *\|$/gm)];
      return [name!, rows.map(([, column, type, star]) => `${column} ${type}${star ? '*' : ''}`)];
    }),
  );
}

test('every table, column, type and view is described, and none that is not there', () => {
  openTracker(join(dir, 'empty')).close();
  const sqlite = openSqlite(join(dir, 'empty/calm-orch.db'), { readonly: true });
  const named = (type: string): string[] =>
    sqlite
      .prepare(`SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name`)
      .pluck()
      .all(type) as string[];
  const columns = (name: string): { name: string; type: string; notnull: 0 | 1 }[] =>
    sqlite.prepare(`SELECT * FROM pragma_table_info(?)`).all(name) as never;
  const tables = Object.fromEntries(
    named('table').map((table) => [
      table,
      columns(table).map(({ name, type, notnull }) => `${name} ${type}${notnull ? '*' : ''}`),
    ]),
  );
  expect(described()).toEqual(tables);
  const views = Object.fromEntries(
    [...document.matchAll(/^\| `(\w+)` +\| `([\w, ]+)` +\|$/gm)].map(([, view, list]) => [view!, list!.split(', ')]),
  );
  expect(views).toEqual(Object.fromEntries(named('view').map((view) => [view, columns(view).map(({ name }) => name)])));
  expect(document).toContain(`\`PRAGMA user_version\`, now ${String(sqlite.pragma('user_version', { simple: true }))}`);
  sqlite.close();
});

test('the script of the page is compiled and runs where the tarball is installed', () => {
  const tarball = execFileSync(process.execPath, ['scripts/pack.js', dir], {
    cwd: repository,
    encoding: 'utf8',
  }).trim();
  const modules = join(dir, 'node_modules');
  mkdirSync(modules);
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  execFileSync('mv', [join(modules, 'package'), join(modules, 'calm-orch')]);
  // What npm would fetch.
  for (const name of readdirSync(join(repository, 'node_modules')).filter((each) => !/^[.]|^@calm-orch$/.test(each)))
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  const [, script] = /```ts\n(\/\/ reader\.ts\n[^]*?)```/.exec(document)!;
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(join(dir, 'reader.ts'), script!);
  writeFileSync(join(dir, 'wrong.ts'), script!.replaceAll('startedMs', 'began'));
  const compile = (file: string) =>
    spawnSync(
      process.execPath,
      [
        join(repository, 'node_modules/typescript/bin/tsc'),
        ...['--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck', '--types', 'node', file],
      ],
      { cwd: dir, encoding: 'utf8' },
    );
  expect(compile('reader.ts')).toMatchObject({ status: 0, stdout: '' });
  // It is typed: not all that is asked for is there.
  expect(compile('wrong.ts').stdout).toMatch(/wrong\.ts.*Property 'began' does not exist on type 'ListedRun'/);

  const tracker = openTracker(join(dir, 'runs'));
  const trials = [{ row: 'all', seed: 0 }];
  const stages = [{ key: 'a', kind: 'evaluate-score', trials, metrics: { PLCC: 0.5 } }] as const;
  tracker.changeTags(recordRun(tracker, { resolved: {}, trials, stages }).id, { add: ['mine'] });
  tracker.close();
  const output = execFileSync(process.execPath, ['reader.js', 'runs'], { cwd: dir, encoding: 'utf8' });
  expect(output).toMatch(/^x-1 running \d{4}-\S+Z mine\n {2}all, seed 0: PLCC 0\.500\n$/);
});
