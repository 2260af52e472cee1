// What was judged from test items, from one command to the next: bootstraps take seconds. It is kept outside the run
// folder, which reading commands leave as it is.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf, readJson, writeFileAtomic } from '@calm-orch/core';

/**
 * The value that `make` gave for the same `from` under the same code, else what it gives now.
 * @param from All that decides the value, beside the code of the evaluator.
 */
export async function remembered<T>(from: unknown, make: () => Promise<T>): Promise<T> {
  const file = await fileOf(from);
  const kept = file === null ? undefined : readKept(file);
  if (kept !== undefined) return kept as T;
  const made = await make();
  if (file !== null) keep(file, made);
  return made;
}

/** null where this user has no cache folder. */
async function fileOf(from: unknown): Promise<string | null> {
  const { defaultCacheDir } = await import('@calm-orch/engine');
  try {
    return join(defaultCacheDir(), 'judgements', `${hashOf([codeOf(), from])}.json`);
  } catch {
    return null;
  }
}

/** A hash of the code that judges: the evaluator's package and the modules of this folder that ask it. */
function codeOf(): string {
  const hash = createHash('sha256');
  const evaluator = dirname(fileURLToPath(import.meta.resolve('@calm-orch/evaluator')));
  const own = ['verdicts', 'trial-items'].map((name) =>
    fileURLToPath(new URL(`${name}${import.meta.url.slice(-3)}`, import.meta.url)),
  );
  const paths = readdirSync(evaluator, { recursive: true, encoding: 'utf8' }).filter((path) => /\.[jt]s$/.test(path));
  for (const path of [...paths.sort().map((name) => join(evaluator, name)), ...own]) hash.update(readFileSync(path));
  return hash.digest('hex');
}

function readKept(file: string): unknown {
  try {
    return readJson(file);
  } catch {
    // Absent or damaged: judging again is right.
    return undefined;
  }
}

function keep(file: string, value: unknown): void {
  try {
    writeFileAtomic(file, JSON.stringify(value));
  } catch {
    // A cache folder that cannot be written is done without.
  }
}
