// What METEOR reads besides the texts. Nothing of the original program is carried here: its own word lists and
// paraphrase table (LGPL) are used only from the user's copy, WordNet's files from wherever the user has them.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';
import { functionWords } from './function-words.ts';
import { parseMeteorSynonyms, readWordNet, type Synonyms } from './synonyms.ts';

/** Where the user keeps what METEOR can use. */
export interface MeteorSources {
  /** A folder with `meteor-1.5.jar` and `data/paraphrase-en.gz`, as Python's pycocoevalcap has in its `meteor`. */
  readonly meteorDir?: string | undefined;
  /** WordNet's `dict` folder; not needed with `meteorDir`, whose program has an extract of WordNet 3.0. */
  readonly wordNetDir?: string | undefined;
}

export interface MeteorResources {
  readonly functionWords: ReadonlySet<string>;
  readonly synonyms: Synonyms | null;
  /** Path of the paraphrase table. */
  readonly paraphrases: string | null;
}

/** The part of yauzl used here; yauzl itself carries no types. */
interface ZipFile {
  eachEntry(): AsyncIterable<{ readonly fileName: string }>;
  openReadStreamPromise(entry: { readonly fileName: string }): Promise<Readable>;
  close(): void;
}
const yauzl = createRequire(import.meta.url)('yauzl') as { openPromise(path: string): Promise<ZipFile> };

const jarName = 'meteor-1.5.jar';
const tableName = join('data', 'paraphrase-en.gz');

/** @throws CalmError `not_found` or `bad_data` where a folder is not what it should be. */
export async function readMeteorResources({ meteorDir, wordNetDir }: MeteorSources): Promise<MeteorResources> {
  const wordNet = wordNetDir === undefined ? null : readWordNet(wordNetDir);
  if (meteorDir === undefined) return { functionWords, synonyms: wordNet, paraphrases: null };
  const [jar, table] = [join(meteorDir, jarName), join(meteorDir, tableName)];
  const [hasJar, hasTable] = [existsSync(jar), existsSync(table)];
  if (!hasJar && !hasTable) {
    throw new CalmError('not_found', `METEOR: neither ${jarName} nor ${tableName} in ${meteorDir}`);
  }
  const own = hasJar ? await readJar(jar) : null;
  return {
    functionWords: own?.functionWords ?? functionWords,
    synonyms: wordNet ?? own?.synonyms ?? null,
    paraphrases: hasTable ? table : null,
  };
}

async function readJar(path: string): Promise<{ functionWords: ReadonlySet<string>; synonyms: Synonyms }> {
  const names = ['function/english.words', 'synonym/english.synsets', 'synonym/english.exceptions'] as const;
  const texts = await readEntries(path, new Set(names));
  const text = (name: (typeof names)[number]): string => {
    const found = texts.get(name);
    if (found === undefined) throw new CalmError('bad_data', `${path} has no ${name}: expected METEOR 1.5's program`);
    return found;
  };
  return {
    functionWords: new Set(
      text(names[0])
        .split(/\s+/)
        .filter((word) => word !== ''),
    ),
    synonyms: parseMeteorSynonyms(text(names[1]), text(names[2])),
  };
}

async function readEntries(path: string, names: ReadonlySet<string>): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  refuseMistakenFile(path);
  const zip = await yauzl.openPromise(path).catch((cause: unknown) => {
    throw new CalmError('bad_data', `${path} cannot be read as an archive`, { cause });
  });
  for await (const entry of zip.eachEntry()) {
    if (names.has(entry.fileName)) texts.set(entry.fileName, await readAll(await zip.openReadStreamPromise(entry)));
  }
  zip.close();
  return texts;
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
