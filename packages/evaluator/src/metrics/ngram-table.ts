// Numbers of n-grams, by open addressing in typed arrays: a Map with keys beyond 32 bits took more than half of the time of
// BLEU and CIDEr. All that is known of an n-gram lies side by side, so that most look-ups read two places of memory.
import { CalmError } from '@calm-orch/core';

/** Size of an n-gram's record, which begins at recordSize * its number; n-grams are numbered from 1. */
export const recordSize = 4;
/** The n-gram as the number of a shorter one and a next token. */
const [prefixField, tokenField] = [0, 1];
/** Two numbers for the user of the table; 0 at first. */
export const [lastField, documentsField] = [2, 3];

/** Places in the records stay within 31 bits. */
const maxNgrams = 2 ** 28;

export interface NgramTable {
  /** Makes room for so many more n-grams. The records, which stay where they are up to the next call. */
  reserve(more: number): Int32Array;
  /** Number of an n-gram, a new one if it has none yet. */
  idOf(prefix: number, token: number): number;
  /** How many n-grams there are. */
  size(): number;
}

/** The first numbers are those of the unigrams: 1 more than their token. */
export function createNgramTable(numTokens: number): NgramTable {
  let size = numTokens;
  let records = new Int32Array(1 << 14);
  /** Numbers of n-grams at their hashes or the free places after; 0 is free. */
  let slots = new Int32Array(1 << 13);
  const grow = (): void => {
    const old = records;
    records = new Int32Array(2 * old.length);
    records.set(old);
    slots = new Int32Array(records.length / 2);
    for (let id = numTokens + 1; id <= size; id++) {
      let slot = hashOf(records[recordSize * id + prefixField]!, records[recordSize * id + tokenField]!);
      while (slots[slot & (slots.length - 1)] !== 0) slot++;
      slots[slot & (slots.length - 1)] = id;
    }
  };
  const table: NgramTable = {
    size: () => size,
    reserve: (more) => {
      if (size + more >= maxNgrams)
        throw new CalmError(
          'bad_data',
          `caption metrics: more than ${maxNgrams} distinct n-grams; evaluate fewer items`,
        );
      while (recordSize * (size + more + 1) > records.length) grow();
      return records;
    },
    idOf: (prefix, token) => {
      const mask = slots.length - 1;
      let slot = hashOf(prefix, token) & mask;
      for (let id = slots[slot]!; id !== 0; id = slots[slot]!) {
        const record = recordSize * id;
        if (records[record + prefixField] === prefix && records[record + tokenField] === token) return id;
        slot = (slot + 1) & mask;
      }
      slots[slot] = ++size;
      records[recordSize * size + prefixField] = prefix;
      records[recordSize * size + tokenField] = token;
      return size;
    },
  };
  table.reserve(0);
  return table;
}

function hashOf(prefix: number, token: number): number {
  const hash = Math.imul(prefix, 0x9e3779b1) ^ Math.imul(token + 1, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
