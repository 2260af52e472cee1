// Code that stands in two places: ten lines or more that are the same but for white space. Imports and blank lines do not count.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './sources.ts';

const length = 10;

const isCounted = (file: string): boolean =>
  /\.(ts|tsx|js)$/.test(file) && !/\.(test|test-util|d)\.tsx?$/.test(file) && !/generated\//.test(file);

/** The lines that count of a file, with their numbers. */
function linesOf(text: string): { readonly line: number; readonly text: string }[] {
  const code = text.replaceAll(/^(import|export) [^;]*? from '[^']*';$/gms, (found) => found.replaceAll(/[^\n]/g, ''));
  return code.split('\n').flatMap((each, i) => (each.trim() === '' ? [] : [{ line: i + 1, text: each.trim() }]));
}

/** `first ~ again` for every place whose next lines stood before; one for each run. */
function repeated(files: Readonly<Record<string, string>>): string[] {
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const [file, text] of Object.entries(files)) {
    const lines = linesOf(text);
    let end = 0;
    for (let i = 0; i + length <= lines.length; i++) {
      const run = lines.slice(i, i + length);
      const key = run.map((each) => each.text).join('\n');
      const here = `${file}:${String(run[0]!.line)}`;
      const before = seen.get(key);
      if (before === undefined) seen.set(key, here);
      else if (i >= end) {
        found.push(`${before} ~ ${here}`);
        end = i + length;
      }
    }
  }
  return found;
}

it('no two places outside tests share ten lines or more', () => {
  const folders = ['packages', 'bench', 'scripts'];
  const listed = execFileSync('git', ['ls-files', ...folders], { cwd: repository, encoding: 'utf8' });
  const files = listed.trim().split('\n').filter(isCounted);
  expect(files.length).toBeGreaterThan(300);
  expect(
    repeated(Object.fromEntries(files.map((file) => [file, readFileSync(join(repository, file), 'utf8')]))),
  ).toEqual([]);
});

it('ten lines that stand twice are found, nine are not, and imports do not count', () => {
  const lines = (count: number): string => Array.from({ length: count }, (_, i) => `  call(${i});`).join('\n');
  const header = "import {\n  a,\n} from 'a';\n";
  expect(repeated({ a: `${header}${lines(10)}\nx();`, b: `y();\n${header}\n${lines(10)}` })).toEqual(['a:4 ~ b:6']);
  expect(repeated({ a: `${header}${lines(9)}\nx();`, b: `${header}${lines(9)}\ny();` })).toEqual([]);
});
