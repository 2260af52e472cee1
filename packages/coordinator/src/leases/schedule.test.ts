import { describe, expect, it } from 'vitest';
import { criticalPaths, dependantsOf, inTurn, nextItem, type Schedulable } from './schedule.ts';

const stage = (key: string, cost: number, inputs: string[] = [], more: Partial<Schedulable> = {}): Schedulable => ({
  key,
  cost,
  inputs,
  seedPlace: 0,
  role: 'trainer',
  state: 'waiting',
  queued: [0],
  ...more,
});

describe('schedule', () => {
  it('counts the work of the longest chain behind a stage', () => {
    const paths = criticalPaths([stage('a', 1), stage('b', 10, ['a']), stage('c', 2, ['a']), stage('d', 5, ['c'])]);
    expect(Object.fromEntries(paths)).toEqual({ a: 11, b: 10, c: 7, d: 5 });
  });

  it('gives a free worker the stage with the longest way to go, whatever the order of the plan', () => {
    const stages = [stage('short', 5), stage('comment', 3), stage('score', 15, ['comment'])];
    expect(nextItem('trainer', inTurn(stages))).toEqual({ key: 'comment', item: 0 });
  });

  it('works off one seed after the other; stages of later seeds fill workers for whom the earlier have nothing', () => {
    const stages = [
      stage('long later', 99, [], { seedPlace: 1 }),
      stage('comment', 3),
      stage('short', 5),
      stage('score', 1, ['comment']),
    ];
    const given: string[] = [];
    const after = (): (typeof stages)[number][] =>
      stages.map((one) => ({ ...one, queued: given.includes(one.key) ? [] : one.queued }));
    for (let next; (next = nextItem('trainer', inTurn(after()))) !== null;) given.push(next.key);
    // `score` waits for `comment`.
    expect(given).toEqual(['short', 'comment', 'long later']);
  });

  it('keeps a stage back until all its inputs have succeeded', () => {
    const stages = [stage('a', 1, [], { queued: [] }), stage('b', 9, ['a'])];
    expect(nextItem('trainer', inTurn(stages))).toBeNull();
    const done = [stage('a', 1, [], { queued: [], state: 'succeeded' }), stage('b', 9, ['a'])];
    expect(nextItem('trainer', inTurn(done))).toEqual({ key: 'b', item: 0 });
  });

  it('reads inputs that are no stage of the plan as being there', () => {
    const stages = [stage('encode', 1, ['foundation file'])];
    expect(nextItem('trainer', inTurn(stages))).toEqual({ key: 'encode', item: 0 });
  });

  it('gives workers only stages of their own role, items in order', () => {
    const stages = [stage('a', 9), stage('b', 1, [], { role: 'augmentor', queued: [3, 4] })];
    expect(nextItem('augmentor', inTurn(stages))).toEqual({ key: 'b', item: 3 });
    expect(nextItem('evaluator', inTurn(stages))).toBeNull();
  });

  it('passes over stages that a worker may not take, but waits for them as inputs', () => {
    const stages = [stage('a', 9), stage('b', 1, ['a']), stage('c', 1)];
    const next = nextItem('trainer', inTurn(stages), ({ key }) => key !== 'a');
    expect(next).toEqual({ key: 'c', item: 0 });
  });

  it('never gives out stages that failed or were skipped', () => {
    const stages = [stage('a', 9, [], { state: 'failed' }), stage('b', 9, ['a'], { state: 'skipped' })];
    expect(nextItem('trainer', inTurn(stages))).toBeNull();
  });

  it('finds everything that depends on a stage', () => {
    const stages = [stage('a', 1), stage('b', 1, ['a']), stage('c', 1, ['b']), stage('d', 1)];
    expect(dependantsOf('a', stages)).toEqual(['b', 'c']);
  });
});
