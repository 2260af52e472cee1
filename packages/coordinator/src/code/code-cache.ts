// Code versions from one planning to the next. Bundling all stages takes seconds. As long as no file that was bundled
// has another size or time of change, and no package another version, a version is what it was.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '@calm-orch/core';
import type { CodeVersion } from './code-version.ts';
import { packageVersion } from './package-version.ts';

interface Kept {
  readonly version: Pick<CodeVersion, 'hash' | 'modules'>;
  /** Of all bundled files and the package.json above each: what `stampOf` said. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly packages: CodeVersion['packages'];
}

type KeptVersions = Record<string, Kept>;

/**
 * Hashes the code of each entry; the entries' modules must be built.
 * @param file Remembers them. One that cannot be read or written costs time and nothing else.
 * @throws CalmError `internal` if a module is not built.
 */
export async function codeVersions(
  entries: readonly string[],
  file?: string,
): Promise<ReadonlyMap<string, Kept['version']>> {
  const tool = toolStamp();
  const kept = file === undefined ? {} : readKept(file, tool);
  const stampOf = stamper();
  const stale = [...new Set(entries)].filter((entry) => kept[entry] === undefined || !holds(kept[entry], stampOf));
  if (stale.length > 0) {
    const startedMs = Date.now();
    const { bundledVersions } = await import('./code-version.ts');
    let settled = true;
    for (const [entry, { hash, modules, files, packages }] of await bundledVersions(stale)) {
      const all = [...new Set(files.flatMap((path) => [path, ...packageFileOf(path)]))].sort();
      // Whoever builds while we bundle may have been read half.
      settled &&= all.every((path) => statSync(path).ctimeMs < startedMs);
      const stamps = Object.fromEntries(all.map((path) => [path, stampOf(path)]));
      kept[entry] = { version: { hash, modules }, stamps, packages };
    }
    if (file !== undefined && settled) keep(file, { tool, kept });
  }
  return new Map(entries.map((entry) => [entry, kept[entry]!.version]));
}

/** Makes the bundler, a program of its own, do something. @throws what it throws where it cannot be started. */
export async function tryBundler(): Promise<void> {
  await (await import('./code-version.ts')).tryBundler();
}

/** Changes with the code that hashes, and with the bundler and parser it uses. */
function toolStamp(): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const stampOf = stamper();
  const own = ['code-version', 'code-shape', 'code-cache'].map((name) =>
    stampOf(join(here, name + import.meta.url.slice(-3))),
  );
  return [...own, ...['esbuild', 'acorn'].map((name) => packageVersion(name, here))].join(' ');
}

function holds({ stamps, packages }: Kept, stampOf: (path: string) => string): boolean {
  return (
    Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp) &&
    packages.every(({ name, from, version }) => packageVersion(name, from) === version)
  );
}

/** Size and times of change of a file, asked for once; a file that is gone has a stamp too. */
function stamper(): (path: string) => string {
  const known = new Map<string, string>();
  return (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const stat = statSync(path, { throwIfNoEntry: false });
    const stamp = stat === undefined ? 'absent' : `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    known.set(path, stamp);
    return stamp;
  };
}

/** The package.json that says what importing the file's package means; none for files outside packages. */
function packageFileOf(path: string): string[] {
  for (let dir = dirname(path); dir !== dirname(dir); dir = dirname(dir)) {
    const file = join(dir, 'package.json');
    if (existsSync(file)) return [file];
  }
  return [];
}

function readKept(file: string, tool: string): KeptVersions {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as { tool: string; kept: KeptVersions };
    return read.tool === tool ? read.kept : {};
  } catch {
    // Absent or not ours: bundling again is right.
    return {};
  }
}

function keep(file: string, content: { readonly tool: string; readonly kept: KeptVersions }): void {
  try {
    writeFileAtomic(file, JSON.stringify(content));
  } catch {
    // A cache folder that is not there or read-only is done without.
  }
}
