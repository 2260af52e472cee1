import type { StageProgress } from '@calm-orch/core';
import { expect, it } from 'vitest';
import type { Generated } from '@calm-orch/model';
import { answersOf } from './answers.ts';

const stage = { key: 'k', kind: 'evaluate-score', config: {} } as const;
const rows = [7, 8, 9, 10, 11];
const answer = (row: number): Generated => ({ ids: [row], probabilities: [], stopped: true });

it('asks in batches, in order, and reports each', async () => {
  const batches: (readonly number[])[] = [];
  const reports: StageProgress[] = [];
  const generate = async (batch: readonly number[]): Promise<Generated[]> => {
    batches.push(batch);
    return batch.map(answer);
  };
  const context = { stage, signal: new AbortController().signal, report: (p: StageProgress) => void reports.push(p) };
  expect((await answersOf({ generate }, rows, 2, context)).map(({ ids }) => ids[0])).toEqual(rows);
  expect(batches).toEqual([[7, 8], [9, 10], [11]]);
  expect(reports.map(({ step }) => step)).toEqual([2, 4, 5]);
});

it('stops between two batches when it is cancelled', async () => {
  const abort = new AbortController();
  let asked = 0;
  const generate = async (batch: readonly number[]): Promise<Generated[]> => {
    if (++asked === 2) abort.abort();
    return batch.map(answer);
  };
  const cancelled = answersOf({ generate }, rows, 2, { stage, signal: abort.signal, report: () => {} });
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  expect(asked).toBe(2);
});
