// What was judged from test items, from one command to the next: bootstraps take seconds. It is kept outside the run
// folder, which reading commands leave as it is.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf, readJson, writeFileAtomic } from '@calm-orch/core';

/**
 * The value that `make` gave for the same `from` under the same code, else what it gives now.
 * @param cacheDir The user's; null where there is none.
 * @param from All that decides the value, beside the code that judges.
 */
export async function remembered<T>(cacheDir: string | null, from: unknown, make: () => Promise<T>): Promise<T> {
  if (cacheDir === null) return make();
  const file = join(cacheDir, 'judgements', `${hashOf([codeOf(), from])}.json`);
  const kept = readKept(file);
  if (kept !== undefined) return kept as T;
  const made = await make();
  keep(file, made);
  return made;
}

/** A hash of the code that judges: this package, and the evaluator's, which reads test items. */
function codeOf(): string {
  const hash = createHash('sha256');
  const folders = [new URL('.', import.meta.resolve('@calm-orch/evaluator')), new URL('..', import.meta.url)];
  for (const folder of folders.map((url) => fileURLToPath(url))) {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.[jt]s$/.test(path));
    for (const path of paths.sort()) hash.update(readFileSync(join(folder, path)));
  }
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
