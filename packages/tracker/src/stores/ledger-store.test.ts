import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppliedSteps } from '@calm-orch/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeOlderDatabase } from '../database/older-database.test-util.ts';
import { recordRun } from '../recorded-run.test-util.ts';
import { databaseFile, openTracker, type Tracker } from '../tracker.ts';

const key = 'k'.repeat(64);
const lists = [{ name: 'finetune-score', numSamples: 9, share: 1 }];
const range = (firstStep: number, endStep: number, generation = 1): AppliedSteps => ({
  generation,
  firstStep,
  endStep,
  samples: Array.from({ length: endStep - firstStep }, (_, i) => 0xf0000000 + firstStep + i),
});

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-ledger-'));
  tracker = openTracker(dir);
  recordRun(tracker, {
    resolved: {},
    trials: [],
    stages: [{ key, kind: 'finetune-score', metrics: {} }],
  });
  const member = { firstShard: 0, endShard: 8, worker: 'trainer 0' };
  for (const generation of [1, 2])
    tracker.recordRoster(key, generation, [{ ...member, attempt: generation === 1 ? 1 : 2 }]);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const tell = (sequence: number, applied: readonly AppliedSteps[], anew = false, attempt = 1): void =>
  tracker.recordApplied(key, { attempt, sequence }, [{ applied, ...(anew && { anew: lists }) }]);
const outcomes = (): unknown[] =>
  tracker.listLedger(key).map(({ firstStep, endStep, attempt, outcome }) => [firstStep, endStep, attempt, outcome]);

describe('the chain of digests', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string];
  const chain = (): unknown[] =>
    tracker.listStateLinks(key).map(({ position, step, digest, attempt }) => [position, step, digest, attempt]);

  it('ties each to the one before; the same again changes nothing, another digest of a step is one more', () => {
    tracker.recordDigests(key, 1, [
      { step: 0, digest: a },
      { step: 64, digest: b },
    ]);
    tracker.recordDigests(key, 2, [
      { step: 0, digest: a },
      { step: 64, digest: c },
      { step: 128, digest: a },
    ]);
    expect(chain()).toEqual([
      [0, 0, a, 1],
      [1, 64, b, 1],
      [2, 64, c, 2],
      [3, 128, a, 2],
    ]);
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
    const [first, second] = tracker.listStateLinks(key);
    expect(first!.link).toBe(sha(`${'0'.repeat(64)} ${key} 0 ${a}`));
    expect(second!.link).toBe(sha(`${first!.link} ${key} 64 ${b}`));
  });

  it('takes digests alone, all of a report or none', () => {
    const told = [
      { step: 0, digest: a },
      { step: 64, digest: 'A'.repeat(32) },
    ];
    expect(() => tracker.recordDigests(key, 1, told)).toThrow(/is no digest of a state/);
    expect(chain()).toEqual([]);
  });
});

describe('the ledger', () => {
  it('keeps reports as they are told, with the digest of each step', () => {
    tell(1, [range(0, 3)], true);
    tell(2, [range(3, 5), range(5, 6, 2)]);
    expect(tracker.findLineage(key)).toEqual({ attempt: 1, lists, applied: [range(0, 5), range(5, 6, 2)] });
  });

  it.each<[string, readonly AppliedSteps[], RegExp]>([
    [
      'a step that is left out',
      [range(4, 6)],
      /attempt 1: reported steps 4 to 5 where step 3 was next: step 3 is missing/,
    ],
    ['a step that was told before', [range(2, 4)], /attempt 1: reported steps 2 to 3 .*: step 2 is there again/],
    [
      'steps out of turn',
      [range(3, 4), range(5, 6), range(4, 5)],
      /reported step 5 where step 4 was next: step 4 is missing/,
    ],
    ['step 0 again', [range(0, 1)], /step 0 is there again/],
    ['a digest too few', [{ ...range(3, 5), samples: [1] }], /with 1 digests of samples/],
  ])('rejects a report with %s, and keeps nothing of it', (_, applied, message) => {
    tell(1, [range(0, 3)], true);
    expect(() => tell(2, applied)).toThrow(message);
    expect(tracker.findLineage(key)!.applied).toEqual([range(0, 3)]);
    tell(2, [range(3, 4)]);
    expect(tracker.findLineage(key)!.applied).toEqual([range(0, 4)]);
  });

  it('rejects a first report that does not begin with step 0', () => {
    expect(() => tell(1, [range(3, 4)])).toThrow(/does not tell them from the beginning/);
    expect(() => tell(1, [range(3, 4)], true)).toThrow(/steps 0 to 2 are missing/);
  });

  it('is not changed by a report that is sent again', () => {
    tell(1, [range(0, 3)], true);
    tell(2, [range(3, 5)]);
    tell(2, [range(3, 5)]);
    tell(1, [range(0, 3)], true);
    expect(tracker.findLineage(key)!.applied).toEqual([range(0, 5)]);
  });

  it('counts what was told last by the attempt that finished; what else was told is superseded', () => {
    tell(1, [range(0, 7)], true);
    expect(outcomes()).toEqual([[0, 7, 1, 'applied']]);
    // Attempt 2 has gone on from a checkpoint of step 4; attempt 1 is the one that finished in recordRun.
    tell(1, [range(0, 4), range(4, 9, 2)], true, 2);
    tell(2, [range(0, 4), range(4, 6, 2)], true, 1);
    expect(outcomes()).toEqual([
      [0, 4, 1, 'applied'],
      [4, 7, 1, 'superseded'],
      [4, 6, 2, 'applied'],
      [6, 9, 2, 'superseded'],
    ]);
  });

  it('opens the database of an earlier version, with the rows of its stages and no lineage of them', () => {
    const old = join(dir, 'old');
    mkdirSync(old);
    makeOlderDatabase(
      join(old, databaseFile),
      6,
      `INSERT INTO rosters VALUES ('${key}', 1, 0, 0, 8, 1, 'trainer 0', NULL), ('${key}', 2, 0, 0, 8, 2, 'trainer 1', NULL);
       INSERT INTO applied_steps VALUES ('${key}', 1, 0, 5, 'applied'), ('${key}', 2, 5, 8, 'superseded')`,
    );
    const opened = openTracker(old);
    expect(opened.findLineage(key)).toBeNull();
    expect(opened.listLedger(key)).toMatchObject([
      { firstStep: 0, endStep: 5, attempt: 1, worker: 'trainer 0', outcome: 'applied' },
      { firstStep: 5, endStep: 8, attempt: 2, worker: 'trainer 1', outcome: 'superseded' },
    ]);
    opened.close();
  });
});
