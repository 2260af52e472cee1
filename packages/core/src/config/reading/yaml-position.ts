// A YAML file as plain values, with the place (file:line:column) of every key and value for error messages.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Node, type ParsedNode } from 'yaml';
import { CalmError } from '../../errors.ts';
import { mistakenFile } from '../../files/mistaken-file.ts';
import { nearest } from '../suggest.ts';

export type Path = readonly (string | number)[];

/** One thing wrong, and where. `at` is file:line:column, or the flag it came from. */
export interface Problem {
  readonly at: string;
  readonly message: string;
}

export interface YamlFile {
  readonly path: string;
  readonly value: unknown;
  /** file:line:column of the key of an entry, or of a value; of the nearest place that exists. */
  at(path: Path, part?: 'key' | 'value'): string;
}

/** All problems as one error, a line each; does nothing if there are none. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const lines = [...new Set(problems.map(({ at, message }) => `${at}: ${message}`))];
  throw new CalmError('invalid_config', lines.join('\n'), { data: { problems } });
}

/** Throws CalmError: not_found (names the nearest file), invalid_config (syntax, repeated keys). */
export function readYaml(path: string): YamlFile {
  const name = shortPath(path);
  const text = readText(path, name);
  const mistaken = mistakenFile(path);
  if (mistaken !== null) throw new CalmError('invalid_config', `${name}: ${mistaken}`);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${name}:${line || 1}:${col || 1}`;
  };
  throwProblems(
    document.errors.map(({ pos, message }) => ({ at: place(pos[0]), message: message.split(/ at line |\n/)[0]! })),
  );
  return {
    path,
    value: document.toJS() as unknown,
    at: (keys, part = 'value') => place(offsetOf(document.contents, keys, part)),
  };
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT')
      throw new CalmError('io', `cannot read ${name} (${code}): name a readable YAML file`, { cause: error });
    const near = nearestFile(path);
    const remedy = near === undefined ? 'check the path' : `did you mean ${shortPath(near)}?`;
    throw new CalmError('not_found', `no file ${name}: ${remedy}`, { cause: error });
  }
}

/** A file of the same folder with a similar name. */
export function nearestFile(path: string): string | undefined {
  try {
    const near = nearest(basename(path), readdirSync(dirname(path)));
    return near === undefined ? undefined : join(dirname(path), near);
  } catch {
    return undefined;
  }
}

/** As a user would type it from here. */
function shortPath(path: string): string {
  const here = relative(process.cwd(), path);
  return here.startsWith('..') ? path : here;
}

function offsetOf(contents: ParsedNode | null, path: Path, part: 'key' | 'value'): number {
  let node: Node | null = contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (!pair) return offset;
      const last = depth === path.length - 1;
      const value = pair.value as Node | null;
      const keyOffset = (pair.key as Node).range?.[0] ?? offset;
      offset = last && part === 'key' ? keyOffset : (value?.range?.[0] ?? keyOffset);
      node = value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)] as Node | undefined;
      if (!item) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
