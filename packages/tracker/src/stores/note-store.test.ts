import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOlderDatabase } from '../database/older-database.test-util.ts';
import { databaseFile, openTracker, type Tracker } from '../tracker.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-notes-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function create(tracker: Tracker, tags: readonly string[] = []): string {
  const head = { experiment: 'x', title: 'X', path: '/x.yaml', hash: 'h', versions: {}, machine: {}, pid: process.pid };
  return tracker.createRun({ ...head, resolved: {}, trials: [], tags }).id;
}

test('runs are found by the tags they were given then and later; notes stay in order', () => {
  let nowMs = 1000;
  const tracker = openTracker(dir, { clock: () => nowMs++ });
  const [first, second] = [create(tracker, ['wip', 'baseline', 'wip']), create(tracker)];
  expect(tracker.getRun(first).tags).toEqual(['baseline', 'wip']);
  expect(tracker.changeTags(first, { add: ['paper/v2'], remove: ['wip'] })).toEqual(['baseline', 'paper/v2']);
  expect(tracker.changeTags(second, { add: ['baseline'] })).toEqual(['baseline']);
  const found = (...tags: string[]): string[] => tracker.findRuns({ tags }).runs.map(({ id }) => id);
  expect([found('baseline'), found('baseline', 'paper/v2'), found('base'), found()]).toEqual([
    [second, first],
    [first],
    [],
    [second, first],
  ]);
  expect(tracker.findRuns({ text: 'paper/v2' }).runs.map(({ id }) => id)).toEqual([first]);
  const changes = tracker.changes();
  tracker.addNote(first, ' the fan was loud\n');
  tracker.addNote(first, 'it was not the fan');
  expect(tracker.listNotes(first).map(({ text }) => text)).toEqual(['the fan was loud', 'it was not the fan']);
  expect(tracker.listNotes(first)[0]!.atMs).toBeLessThan(tracker.listNotes(first)[1]!.atMs);
  expect([tracker.listNotes(second), tracker.changes() === changes]).toEqual([[], false]);
  tracker.close();
});

test('what is no tag, no note or no run is said, and changes nothing', () => {
  const tracker = openTracker(dir);
  const run = create(tracker, ['a']);
  expect(() => tracker.changeTags(run, { add: ['b', 'two words'] })).toThrow(
    /a tag is a letter or digit .* got "two words"/,
  );
  expect(() => tracker.changeTags(run, { add: ['b'], remove: ['c'] })).toThrow('run x-1 has no tag c: it has a');
  expect(() => create(tracker, [''])).toThrow(/a tag is/);
  expect(() => tracker.addNote(run, ' ')).toThrow('a note needs words');
  expect(() => tracker.addNote('x-9', 'words')).toThrow(/no run or experiment `x-9`/);
  expect([tracker.getRun(run).tags, tracker.listRuns().length]).toEqual([['a'], 1]);
  tracker.close();
});

test('runs of an earlier version have no tags and no notes, and can get some', () => {
  makeOlderDatabase(
    join(dir, databaseFile),
    19,
    `INSERT INTO runs (id, experiment, title, path, status, hash, host, pid, started_ms, session_started_ms, heartbeat_ms)
       VALUES ('x-1', 'x', '', '', 'succeeded', '', '', 1, 0, 0, 0)`,
  );
  for (const access of ['read', 'write'] as const) {
    const tracker = openTracker(dir, { access });
    expect([tracker.listRuns()[0]!.tags, tracker.listNotes('x-1')]).toEqual([[], []]);
    tracker.close();
  }
  const tracker = openTracker(dir);
  tracker.addNote('x-1', 'from before');
  expect([tracker.changeTags('x-1', { add: ['old'] }), tracker.listNotes('x-1').length]).toEqual([['old'], 1]);
  tracker.close();
});
