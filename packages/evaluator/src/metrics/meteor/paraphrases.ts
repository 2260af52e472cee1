// The paraphrase table of METEOR (`paraphrase-en.gz`): triples of lines, probability, phrase, paraphrase. It has
// millions of entries, so it is read as a stream and only what the evaluated texts can use is kept.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { CalmError, refuseMistakenFile } from '@calm-orch/core';

/** Words in the longest phrase of the official table. */
const maxPhraseLength = 7;

export interface PhraseUse {
  readonly start: number;
  readonly length: number;
  /** Paraphrases, cut into words; twice where the table has the pair both ways, which makes two matches. */
  readonly targets: readonly (readonly string[])[];
}

export interface ParaphraseTable {
  /** Phrases of a text that have paraphrases. */
  phrasesIn(words: readonly string[]): PhraseUse[];
}

/**
 * The part of a table that has both sides in the texts, either of which may be the hypothesis.
 * @throws CalmError `not_found` or `bad_data` where the file is absent or no such table.
 */
export async function readParaphrases(path: string, texts: readonly (readonly string[])[]): Promise<ParaphraseTable> {
  const wanted = new Set(texts.flatMap((words) => [...phrases(words)].map(({ phrase }) => phrase)));
  const targets = new Map<string, string[]>();
  const add = (from: string, to: string): void => {
    const present = targets.get(from);
    if (present) present.push(to);
    else targets.set(from, [to]);
  };
  let numLines = 0;
  let phrase = '';
  const file = createReadStream(path);
  const unzipped = createGunzip();
  file.on('error', (error) => unzipped.destroy(error));
  try {
    for await (const line of createInterface({ input: file.pipe(unzipped), crlfDelay: Infinity })) {
      const field = numLines++ % 3;
      if (field === 0 && !(Number(line) >= 0)) {
        throw new CalmError('bad_data', `${path}, line ${numLines}: expected a probability, got ${line.slice(0, 40)}`);
      }
      if (field === 1) phrase = wanted.has(line) ? line : '';
      if (field === 2 && phrase !== '' && phrase !== line && wanted.has(line)) {
        add(phrase, line);
        add(line, phrase);
      }
    }
  } catch (cause) {
    if (cause instanceof CalmError) throw cause;
    refuseMistakenFile(path);
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CalmError(missing ? 'not_found' : 'bad_data', `cannot read METEOR's paraphrase table ${path}`, { cause });
  } finally {
    file.destroy();
  }
  return createParaphraseTable(targets);
}

export function createParaphraseTable(targets: ReadonlyMap<string, readonly string[]>): ParaphraseTable {
  const split = new Map([...targets].map(([phrase, to]) => [phrase, to.map((text) => text.split(' '))]));
  return {
    phrasesIn: (words) =>
      [...phrases(words)].flatMap(({ start, length, phrase }) => {
        const found = split.get(phrase);
        return found ? [{ start, length, targets: found }] : [];
      }),
  };
}

function* phrases(words: readonly string[]): Generator<{ start: number; length: number; phrase: string }> {
  for (let start = 0; start < words.length; start++) {
    let phrase = '';
    for (let length = 1; length <= maxPhraseLength && start + length <= words.length; length++) {
      phrase = length === 1 ? words[start]! : `${phrase} ${words[start + length - 1]!}`;
      yield { start, length, phrase };
    }
  }
}
