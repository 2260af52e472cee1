import { afterEach, beforeEach, expect, test } from 'vitest';
import { facts, makeFolder, newRun, type Folder } from './folder.test-util.ts';
import type { Guest, NewJoinToken, Redemption } from './guest-store.ts';

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
  folder.tracker.createRun(newRun());
});
afterEach(() => folder.remove());

const runId = 'smoke-1';
const hourMs = 3_600_000;

function token(more: Partial<NewJoinToken> = {}) {
  return folder.tracker.createJoinToken(runId, { role: null, maxUses: 1, expiresMs: folder.nowMs + hourMs, ...more });
}

function join(made: { readonly id: string; readonly secret: string }, more: Partial<Redemption> = {}) {
  return folder.tracker.redeemJoinToken({ runId, ...made, role: 'trainer', request: 'a key', firstIndex: 2, ...more });
}

const notes = (): string[] =>
  folder.tracker.listEvents(runId).flatMap(({ type, message }) => (type === 'note' ? [message] : []));

test('a token lets so many workers join, each once, on places after those of the run itself', () => {
  const made = token({ maxUses: 2 });
  const first = join(made);
  expect(first).toMatchObject({ index: 2 });
  // The answer was lost on the way.
  expect(join(made)).toEqual(first);
  expect(join(made, { request: 'another key' })).toMatchObject({ index: 3 });
  expect(join(made, { request: 'a third key' })).toEqual({ refused: 'it was used 2 times, as often as it may be' });
  expect(join(token(), { role: 'evaluator' })).toMatchObject({ index: 2 });
  expect(
    folder.tracker
      .listJoinTokens(runId)
      .map(({ numUses }) => numUses)
      .sort(),
  ).toEqual([1, 2]);
  expect(notes().slice(1, 4)).toEqual([
    `trainer 2 joined with token ${made.id}`,
    `trainer 3 joined with token ${made.id}`,
    `refused a trainer with join token ${made.id}: it was used 2 times, as often as it may be`,
  ]);
});

test('a token of another role, run or secret, one that has expired or was revoked is refused, and that is recorded', () => {
  const made = token({ role: 'trainer' });
  expect(join(made, { role: 'evaluator' })).toEqual({ refused: 'it is for a trainer, not for an evaluator' });
  expect(join({ ...made, secret: 'guessed' })).toEqual({ refused: 'it is not known here' });
  expect(join({ id: 'x\u001b[31m', secret: 'guessed' })).toEqual({ refused: 'it is not known here' });
  folder.tracker.createRun(newRun());
  expect(join(made, { runId: 'smoke-2' })).toEqual({ refused: 'it is not known here' });
  folder.nowMs += hourMs;
  expect(join(made)).toEqual({ refused: 'it has expired' });
  const other = token();
  folder.tracker.revokeJoinToken(other.id);
  expect(join(other)).toEqual({ refused: 'it was revoked' });
  expect(notes().filter((note) => note.startsWith('refused'))).toEqual([
    `refused an evaluator with join token ${made.id}: it is for a trainer, not for an evaluator`,
    `refused a trainer with join token ${made.id}: it is not known here`,
    'refused a trainer with join token of no form we give: it is not known here',
    `refused a trainer with join token ${made.id}: it has expired`,
    `refused a trainer with join token ${other.id}: it was revoked`,
  ]);
});

test('whoever joined with a token that is revoked is no longer welcome; secrets are not kept', () => {
  const made = token();
  const { instance } = join(made) as { readonly instance: string };
  const { tracker } = folder;
  expect([tracker.isWelcome(runId, instance), tracker.isWelcome('smoke-2', instance)]).toEqual([true, false]);
  tracker.recordGuest(runId, { role: 'trainer', index: 2, instance, pid: 7, host: 'far away' });
  tracker.recordGuest(runId, { role: 'trainer', index: 2, instance, pid: 7, host: 'far away' });
  tracker.registerWorker(runId, instance, { ...facts, host: 'far away' });
  expect(tracker.listWorkers(runId)).toMatchObject([
    { instance, host: 'far away', numCores: 4, pid: 7, endedMs: null },
  ]);
  tracker.revokeJoinToken(made.id);
  tracker.revokeJoinToken(made.id);
  expect(tracker.isWelcome(runId, instance)).toBe(false);
  expect(notes().filter((note) => note.endsWith('revoked'))).toEqual([`join token ${made.id} revoked`]);
  expect(() => tracker.revokeJoinToken('00000000')).toThrow('no join token 00000000');
  expect(JSON.stringify(tracker.listJoinTokens())).not.toContain(made.secret);
});

test('a token of one place seats one worker after another there, until all such tokens are revoked', () => {
  const seat = token({ role: 'trainer', maxUses: 9, seat: 1 });
  const any = token();
  const [first, second, other] = [join(seat), join(seat, { request: 'another key' }), join(any)] as Guest[];
  expect([first!.index, second!.index, other!.index]).toEqual([1, 1, 2]);
  const { tracker } = folder;
  expect([first, second, other].map((guest) => tracker.seatOf(runId, guest!.instance))).toEqual([1, 1, null]);
  expect(tracker.seatOf('another run', first!.instance)).toBe(null);
  expect(notes()).not.toContain(`join token ${seat.id} created`);
  tracker.revokeSeats(runId);
  expect([first, other].map((guest) => tracker.isWelcome(runId, guest!.instance))).toEqual([false, true]);
  expect(join(seat, { request: 'a third key' })).toEqual({ refused: 'it was revoked' });
});
