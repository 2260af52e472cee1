// Documents name files; files move. Every link, every path in code, and every name said to be in a file is looked up.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from './sources.ts';

interface Mention {
  readonly document: string;
  readonly line: number;
  readonly text: string;
  /** Relative to the repository. */
  readonly path: string;
}

const made = ['node_modules', 'dist', 'runs', 'coverage'];
const folders = readdirSync(repository, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== '.git' && !made.includes(entry.name))
  .map(({ name }) => name.replaceAll('.', String.raw`\.`));

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter((name) => existsSync(join(repository, name))),
  ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Commands as typed with what they print, written by a nightly test. */
const transcript = join('docs', 'first-hour.md');

const textOf = (document: string): string => readFileSync(join(repository, document), 'utf8');

/** All matches of `pattern` in `text`, which begins at `offset` of the document. */
function find(document: string, pattern: RegExp, path: (match: RegExpMatchArray) => string): Mention[] {
  const whole = textOf(document);
  return [...whole.matchAll(pattern)].map((match) => {
    const line = whole.slice(0, match.index).split('\n').length;
    return { document, line, text: match[0], path: path(match) };
  });
}

/** `[text](target)`, without addresses elsewhere and places in the same document. */
function linksOf(document: string): Mention[] {
  const target = /\]\((?!\w+:|#)([^)#\s]+)[^)]*\)/g;
  return find(document, target, (match) => normalize(join(dirname(document), match[1]!)));
}

/** Paths that begin with a folder of the repository's root, in `code` and in fenced blocks. */
function pathsInCodeOf(document: string): Mention[] {
  const path = new RegExp(String.raw`(?<![\w./<>*-])(?:${folders.join('|')})/[\w./@-]*\w`, 'g');
  const isInCode = codeOf(textOf(document));
  return find(document, path, (match) => match[0]).filter(({ line, text }) => isInCode(line, text));
}

function codeOf(text: string): (line: number, path: string) => boolean {
  let fenced = false;
  const code = text.split('\n').map((line) => {
    const fence = /^\s*```/.test(line);
    if (fence) fenced = !fenced;
    return fenced ? line : [...line.matchAll(/`[^`]+`/g)].map(([span]) => span).join(' ');
  });
  return (line, path) => code[line - 1]!.includes(path);
}

/** `[file](target) (`name`, `name`)`: names the document says are in the file. */
function namesOf(document: string): (Mention & { readonly names: readonly string[] })[] {
  const named = /\]\(([^)#\s]+\.(?:ts|sql))\)\s\(((?:`[\w.#]+`(?:,\s)?)+)\)/g;
  return find(document, named, (match) => normalize(join(dirname(document), match[1]!))).map((mention) => ({
    ...mention,
    names: [...mention.text.replace(/^.*\)\s\(/s, '').matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
  }));
}

const at = ({ document, line, path }: Mention): string => `${document}:${String(line)} names ${path}`;
const isMissing = ({ path }: Mention): boolean =>
  relative(repository, join(repository, path)).startsWith('..') || !existsSync(join(repository, path));

describe('documents', () => {
  it('link only to files that are there', () => {
    expect(documents.flatMap(linksOf).filter(isMissing).map(at)).toEqual([]);
  });

  it('name only paths of the repository that are there', () => {
    // What a newcomer mistypes is no path; that page is typed again by a test of its own.
    const written = documents.filter((name) => name !== transcript);
    expect(written.flatMap(pathsInCodeOf).filter(isMissing).map(at)).toEqual([]);
  });

  it('name functions only where they are', () => {
    const wrong = documents
      .flatMap(namesOf)
      .filter((mention) => !isMissing(mention))
      .flatMap((mention) => {
        const words = new Set(textOf(mention.path).match(/\w+/g));
        return mention.names.filter((name) => !words.has(name)).map((name) => `${at(mention)} for ${name}`);
      });
    expect(wrong).toEqual([]);
  });

  it('have no line over 120 columns, tables and the transcript apart', () => {
    const prose = documents.filter((name) => name !== transcript);
    const long = prose.flatMap((name) => find(name, /^(?!\|).{121,}$/gmu, () => name));
    expect(long.map(({ document, line }) => `${document}:${String(line)}`)).toEqual([]);
  });

  it('follow one photograph through at most ten files, and say how many lines these have', () => {
    const [, section = ''] = textOf(join('docs', 'architecture.md')).split('\n## Ten files\n');
    const files = [...section.split('\n## ')[0]!.matchAll(/^\d+\. \[[\w-]+\.ts\]\(\.\.\/([^)]+)\)/gm)].map(
      ([, path]) => path!,
    );
    const numLines = files.reduce((sum, path) => sum + textOf(path).trimEnd().split('\n').length, 0);
    const [, said = ''] = /ten files, ([\d,]+) lines/.exec(section) ?? [];
    expect(files).toHaveLength(10);
    expect(numLines).toBeLessThan(1200);
    expect(Math.abs(Number(said.replace(',', '')) - numLines)).toBeLessThan(20);
  });

  it('list every test that only runs at night', () => {
    const listed = [...textOf('CONTRIBUTING.md').matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
    const files = readdirSync(join(repository, 'test/nightly')).filter((name) => name.endsWith('.test.ts'));
    expect(listed).toEqual(files.map((name) => name.slice(0, -'.test.ts'.length)).sort());
  });

  it('are checked at all', () => {
    expect(documents.flatMap(linksOf).length).toBeGreaterThan(100);
    expect(documents.flatMap(namesOf).length).toBeGreaterThan(15);
    expect(pathsInCodeOf('CONTRIBUTING.md').map(({ path }) => path)).toContain('packages/core/src/config/schema.ts');
  });
});

it('CI runs every part of `npm run check`', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const parts = scripts['check']!.split(' && ').map((part) => part.replace('npm run ', ''));
  expect(parts).toEqual(['lint', 'format:check', 'typecheck', 'npm test', 'test:e2e']);
  const steps = textOf('.ci/run').matchAll(/^step '.+?' \d+ npm (?:run (?:--silent )?)?(\S+)/gm);
  expect([...steps].map(([, name]) => name)).toEqual(parts.map((part) => part.replace('npm ', '')));
});
