// Members that join a gang and leave it at any step, drawn by a seed: one seed on every day, more at night.
import { rng } from '@calm-orch/core';
import { expect } from 'vitest';
import { Club, training, type Change, type Member } from './gang-club.test-util.ts';
import { snapshot, type Snapshot } from '../training/state.test-util.ts';

export interface Alone {
  readonly state: Snapshot;
  readonly losses: readonly number[];
}

export async function trainAlone(change: Change = {}): Promise<Alone> {
  const club = new Club(1, { change });
  const member = await club.add();
  expect(await member.ended).toBe('finished');
  return { state: snapshot(member.sharded.state()), losses: lossesOf(member) };
}

export const lossesOf = ({ reports }: Member): number[] =>
  reports.flatMap(({ metrics }) => metrics?.['train/loss'] ?? []);

export const finished = async (club: Club): Promise<Member> => {
  const first = await Promise.race(
    club.members.map(async (member) => ((await member.ended) === 'finished' ? member : new Promise<never>(() => {}))),
  );
  club.release();
  await Promise.all(club.members.map(({ ended }) => ended));
  return first;
};

/** A gang of two that others join and leave trains to the bits of one trainer, and every step is reported as there. */
export async function joinAndLeave(
  optimizer: 'replicated' | 'partitioned',
  seed: number,
  { state, losses }: Alone,
  change: Change = {},
): Promise<void> {
  const draw = rng('club', seed);
  const seen = new Set<number>();
  const joining: Promise<Member>[] = [];
  const onStep = (step: number): void => {
    if (seen.has(step)) return;
    seen.add(step);
    if (draw.uniform() < 0.4) joining.push(club.add());
    else if (draw.uniform() < 0.5 && club.members.length > 1) club.remove(club.members[draw.int(club.members.length)]!);
  };
  const club: Club = new Club(2, { optimizer, change, onStep });
  await club.add();
  await club.add();
  const first = await finished(club).catch(() => null);
  await Promise.all(joining);
  expect(snapshot(first!.sharded.state()), `seed ${seed}`).toEqual(state);
  // Whoever reports a step reports the same loss, and every step is reported.
  const reported = new Set<number>();
  for (const { step, metrics } of club.members.flatMap(({ reports }) => reports)) {
    if (metrics === undefined) continue;
    expect(metrics['train/loss']).toBe(losses[step]);
    reported.add(step);
  }
  expect(reported.size).toBe(training.steps);
}
