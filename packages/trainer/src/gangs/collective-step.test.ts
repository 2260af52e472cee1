// Gangs in one process whose members add gradients in the graph. Members in processes of their own: test/e2e/gangs.test.ts.
import { freePort } from '@calm-orch/engine';
import type { ClusterStep, ShardedStep } from '@calm-orch/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { Club, inputsOf, training, type Change } from './gang-club.test-util.ts';
import { finished, lossesOf, trainAlone, type Alone } from './gang-joins.test-util.ts';
import { snapshot } from '../training/state.test-util.ts';

const hasAddon = (await freePort()) !== null;

let known: Promise<Alone> | undefined;
let alone: Alone;
beforeEach(async () => void (alone = await (known ??= trainAlone())));
const inGraph = (size: number): string => `${size} trainers add gradients in the graph, by collective operations`;

describe.skipIf(!hasAddon)('a gang that adds gradients in the graph', () => {
  it.each<[number, string, Change]>([
    [2, 'one bucket', {}],
    [4, 'many buckets', { maxBucketBytes: 1024 }],
  ])('of %i trains to the bits of one trainer, in %s', async (size, _, change) => {
    const club = new Club(size, { exchange: 'collective', change });
    for (let i = 0; i < size; i++) await club.add();
    const first = await finished(club);
    expect(snapshot(first.sharded.state())).toEqual(alone.state);
    expect(lossesOf(first)).toEqual(alone.losses);
    expect(club.notes).toEqual([inGraph(size)]);
  });

  it('goes on in host memory with a number that is no power of two, and in the graph again', async () => {
    const steps = new Set<number>();
    const joining: Promise<unknown>[] = [];
    const onStep = (step: number): void => {
      steps.add(step);
      if (club.rosters.length === 1 && step >= 3 && joining.length === 0) joining.push(club.add());
      if (club.rosters.length === 2 && step >= 6) club.remove(club.members[1]!);
    };
    const club: Club = new Club(2, { exchange: 'collective', onStep });
    for (let i = 0; i < 2; i++) await club.add();
    const first = await finished(club);
    await Promise.all(joining);
    expect(snapshot(first.sharded.state())).toEqual(alone.state);
    expect(steps.size).toBe(training.steps);
    expect(club.notes).toEqual([
      inGraph(2),
      '3 trainers add gradients in host memory: not all of 3 compute one block in one call',
      inGraph(2),
    ]);
  });

  it.each([false, true])(
    'goes on to the same bits when a member is lost in the middle of a step, which it has added (%s)',
    async (hasAdded) => {
      const club: Club = new Club(2, { exchange: 'collective' });
      let numSteps = 0;
      let end = (_: Error): void => {};
      /** Neither adds nor answers after four steps, and is taken off the roster when its peer waits for it. */
      const dying = (member: ClusterStep): ClusterStep => ({
        ...member,
        together: async (...given) => {
          if (++numSteps <= 4) return member.together(...given);
          if (hasAdded) await member.together(...given);
          setTimeout(() => club.remove(club.members[1]!), 500);
          return new Promise((_, reject) => (end = reject));
        },
        giveUp: () => end(new Error('lost')),
      });
      const stepBy = (made: ShardedStep): ShardedStep => ({
        ...made,
        clusterMember: (...given) => dying(made.clusterMember(...given)),
      });
      await club.add();
      await club.add({ stepBy });
      const first = await finished(club);
      expect(snapshot(first.sharded.state())).toEqual(alone.state);
      // No step is lost, and none counts twice.
      expect(lossesOf(first)).toEqual(alone.losses);
      expect(club.members[1]!.step).toBe(3);
      expect(club.rosters[2]).toHaveLength(1);
    },
  );

  it('ends at a loss that is no number, in all members alike', async () => {
    const poisoned = (step: number) => {
      const { inputs, ...given } = inputsOf(step);
      if (step === 7) (inputs['weights'] as Float32Array).fill(NaN, 30, 33);
      return { ...given, inputs };
    };
    const club = new Club(2, { exchange: 'collective' });
    const members = [await club.add({ inputs: poisoned }), await club.add({ inputs: poisoned })];
    for (const ended of await Promise.all(members.map((member) => member.ended)))
      expect(ended).toContain('is NaN at step 7 (samples s7-10, s7-11);');
  });
});
