// AADB's lists in their real form.
import { join } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import { aadbAttributes, aadbFiles, aadbListName, type AadbAttribute } from './read.ts';

export interface AadbRecord {
  readonly name: string;
  readonly split: 'train' | 'validation' | 'test';
  /** 0..1. */
  readonly score: number;
  /** -1..1 each. */
  readonly attributes: Readonly<Record<AadbAttribute, number>>;
}

export function writeAadb(dir: string, records: readonly AadbRecord[]): void {
  const of = (split: AadbRecord['split']) => records.filter((record) => record.split === split);
  for (const split of ['train', 'validation', 'test'] as const) {
    const write = (what: 'score' | AadbAttribute, value: (record: AadbRecord) => number): void =>
      writeFileAtomic(
        join(dir, aadbFiles.lists, aadbListName(split, what)),
        of(split)
          .map((record) => `${record.name} ${value(record)}\n`)
          .join(''),
      );
    write('score', ({ score }) => score);
    for (const attribute of aadbAttributes) write(attribute, ({ attributes }) => attributes[attribute]);
  }
}
