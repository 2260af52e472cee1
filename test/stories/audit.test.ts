// The audit against real training, small: what the loop does wrong is in what its trainers tell, and the audit says so.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shardRange } from '@calm-orch/core';
import { auditRun, auditStage, type AuditedStage } from '@calm-orch/coordinator';
import { createComputeGang, openTensorPlane, tokenAccess } from '@calm-orch/rpc';
import type { Values } from '@calm-orch/engine';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flipping } from '../../packages/cli/src/chaos/flipped-bit.ts';
import type { flipKinds } from '../../packages/cli/src/chaos/planted-fault.ts';
import { misled, misledKinds } from '../../packages/cli/src/chaos/planted-fault.ts';
import { stageKinds } from '../../packages/cli/src/run/stage-kinds.ts';
import { Club, inputsOf, list, newStep, training } from '../../packages/trainer/src/gangs/gang-club.test-util.ts';
import { createGangSteps } from '../../packages/trainer/src/gangs/gang-steps.ts';
import { createLineage } from '../../packages/trainer/src/training/lineage.ts';

const key = 'c0ffee'.padEnd(64, '0');
const config = { seed: 0, train: { stepShards: 8 }, finetuneScore: training };
const head = { experiment: 'x', title: 'X', path: '/x.yaml', hash: 'h', versions: {}, machine: {}, pid: process.pid };

let dir: string;
let tracker: Tracker;
let runId: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-audit-'));
  tracker = openTracker(dir);
  runId = tracker.createRun({ ...head, resolved: {}, trials: [] }).id;
  const stage = { key, kind: 'finetune-score', config, inputs: {}, numItems: 1, trials: [], reuse: false };
  tracker.upsertStages(runId, [{ ...stage, role: 'trainer' }]);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Records what the coordinator records of a gang: rosters, reports, and that the first has finished. */
async function audited(club: Club): Promise<AuditedStage> {
  const first = club.members[0]!;
  expect(await first.ended).toBe('finished');
  club.release();
  await Promise.all(club.members.map(({ ended }) => ended));
  const tokens = club.members.map((_, i) => tracker.startAttempt(runId, key, 0, `trainer ${i}`, { joins: true }).token);
  const attemptAt = (address: string): number => 1 + club.members.findIndex(({ plane }) => plane.address === address);
  club.rosters.forEach((roster, i) => {
    const members = roster.map((address, rank) => {
      const { first: firstShard, end: endShard } = shardRange(8, roster.length, rank);
      return { firstShard, endShard, attempt: attemptAt(address), worker: `trainer ${attemptAt(address) - 1}` };
    });
    tracker.recordRoster(key, i + 1, members);
  });
  club.members.forEach(({ reports }, i) =>
    reports.forEach(({ applied = [], anew, digests = [] }, sequence) => {
      tracker.recordApplied(key, { attempt: i + 1, sequence: sequence + 1 }, [{ applied, ...(anew && { anew }) }]);
      tracker.recordDigests(key, i + 1, digests);
    }),
  );
  tracker.finishItem(tokens[0]!, {});
  tracker.succeedStage(runId, key, {}, []);
  return auditRun(tracker, runId, stageKinds).stages[0]!;
}

type InputsOf = typeof inputsOf;
async function gangOf(inputs: readonly InputsOf[], optimizer: 'replicated' | 'partitioned' = 'replicated') {
  const club = new Club(inputs.length, { optimizer });
  for (const each of inputs) await club.add({ inputs: each });
  return audited(club);
}

describe('the audit of real training', () => {
  it.each([1, 2])('passes where %i trainer(s) did as the configuration says', async (size) => {
    const found = await gangOf(Array.from({ length: size }, () => inputsOf));
    expect(found).toMatchObject({ ok: true, problems: [], applied: 12 * 8, exact: true, digests: 2 });
  });

  it.each(misledKinds)('fails where a trainer computed a %s of step 5 and counted as ever', async (kind) => {
    const fault = { kind, stageKey: key, step: 5 };
    const { ok, wrong, problems } = await gangOf([(step) => inputsOf(misled(fault, step))]);
    expect([ok, wrong[0]]).toEqual([false, { step: 5, samplesOf: misled(fault, 5) }]);
    expect(problems[0]).toBe(`step 5 (attempt 1) was computed with the samples of step ${misled(fault, 5)}`);
  });

  const late: InputsOf = (step) => inputsOf(step === 5 ? 4 : step);
  /** Both halves of the shards in each other's place. */
  const exchanged = <T extends Values>(values: T): T =>
    values.map((_, i) => values[(i + values.length / 2) % values.length]!) as T;
  const ofTheOther: InputsOf = (step) => {
    const { name, inputs, samples } = inputsOf(step);
    if (step !== 5) return { name, inputs, samples: samples! };
    const others = Object.entries(inputs).map(([key, values]) => [key, exchanged(values)] as const);
    return { name, inputs: Object.fromEntries(others), samples: exchanged(samples!) };
  };
  it.each([
    ['its shards of another step', 'replicated', late],
    ["the other's shards", 'replicated', ofTheOther],
    ["the other's shards", 'partitioned', ofTheOther],
  ] as const)('fails where one of two trainers computed %s (optimizer %s)', async (_, optimizer, wrong) => {
    const found = await gangOf([inputsOf, wrong], optimizer);
    expect([found.ok, found.wrong]).toEqual([false, [{ step: 5, samplesOf: null }]]);
    expect(found.problems).toEqual(["step 5 (attempt 1, 2) was computed with no step's samples"]);
  });

  it.each<[string, (ids: Int32Array) => void]>([
    ['one of its samples twice', (ids) => void ids.copyWithin(0, 2, 4)],
    ['two of its samples exchanged', (ids) => ids.set([...ids.slice(2, 4), ...ids.slice(0, 2)])],
  ])('fails where a step was computed with %s', async (_, change) => {
    const found = await gangOf([
      (step) => {
        const given = inputsOf(step);
        if (step === 7) change(given.samples!);
        return given;
      },
    ]);
    expect(found.problems).toEqual(["step 7 (attempt 1) was computed with no step's samples"]);
  });

  /** The digests that were told of a gang of two, a bit of whose second member flips. */
  const flipped = async (kind: (typeof flipKinds)[number], optimizer: 'replicated' | 'partitioned') => {
    const club = new Club(2, { optimizer });
    const fault = { kind, stageKey: key, step: 7, done: join(dir, 'flipped') };
    await club.add();
    await club.add({ stepBy: (made, gang) => flipping(made, { gang }, fault) });
    const [first, second] = club.members;
    if ((await Promise.race([first!.ended, second!.ended])) === 'finished') club.release();
    const ended = await Promise.all(club.members.map((member) => member.ended));
    const told = club.members.flatMap(({ reports }) => reports.flatMap(({ digests = [] }) => digests));
    return { ended, told };
  };

  it('a flipped bit in one of two replicas ends both, before its digest is told', async () => {
    const { ended, told } = await flipped('flip-replica', 'replicated');
    const what = expect.stringMatching(
      /^step 12: the 2 trainers of this stage should have one state and have 2/,
    ) as string;
    expect(ended).toEqual([what, what]);
    expect(told.map(({ step }) => step)).toEqual([0]);
  });

  it('a flipped bit in the slice of a partitioned optimizer changes the last digest, and nobody notices', async () => {
    const club = new Club(1);
    const alone = await club.add();
    expect(await alone.ended).toBe('finished');
    const right = alone.reports.flatMap(({ digests = [] }) => digests);
    const { ended, told } = await flipped('flip-slice', 'partitioned');
    expect(ended).toContain('finished');
    expect(told.map(({ step }) => step)).toEqual([0, 12]);
    expect(told[0]).toEqual(right[0]);
    expect(told[1]).not.toEqual(right[1]);
  });

  it.each(['replicated', 'partitioned'] as const)(
    'digests of a gang are those of one trainer (%s)',
    async (optimizer) => {
      const digestsOf = async (size: number): Promise<unknown> => {
        const club = new Club(size, { optimizer });
        for (let i = 0; i < size; i++) await club.add();
        await club.members[0]!.ended;
        club.release();
        await Promise.all(club.members.map(({ ended }) => ended));
        return club.members[0]!.reports.flatMap(({ digests = [] }) => digests);
      };
      const one = await digestsOf(1);
      expect(one).toHaveLength(2);
      expect(await digestsOf(3)).toEqual(one);
    },
  );

  it.each<[string, readonly number[], RegExp, string]>([
    ['left out', [0, 1, 2, 4], /step 3 is missing/, 'step 3 shard 0 (attempt 1) is missing'],
    ['done twice', [0, 1, 2, 2, 3, 4], /step 2 is there again/, 'step 2 shard 0 (attempt 1) is there more than once'],
    [
      'done before its time',
      [0, 1, 3, 2, 4],
      /step 2 is missing/,
      'step 2 (attempt 1) was computed with the samples of step 3',
    ],
  ])('fails where a step was %s, which the tracker does not take either', async (_, computed, rejection, problem) => {
    const plane = await openTensorPlane({ address: `unix:${join(dir, 'tensors')}`, access: tokenAccess('t') });
    const gang = createComputeGang({ plane: () => Promise.resolve(plane), stageKey: key, onReady: () => {} });
    const sharded = newStep();
    try {
      gang.update({ generation: 1, rank: 0, members: [plane.address] });
      const { signal } = new AbortController();
      await gang.join(signal);
      const lineage = createLineage();
      const steps = createGangSteps(gang, sharded, lineage, { optimizer: 'replicated', steps: 5 });
      await steps.enter(0, signal);
      for (const step of computed) {
        const { name, inputs, samples } = inputsOf(step);
        await steps.step(name, inputs, samples!, { step, learningRate: 0.01 }, signal);
      }
      const told = { applied: lineage.take(true).applied, anew: [list] };
      expect(() => tracker.recordApplied(key, { attempt: 1, sequence: 1 }, [told])).toThrow(rejection);
      const rows = told.applied.map(({ firstStep, endStep }) => ({
        stageKey: key,
        firstStep,
        endStep,
        firstShard: 0,
        endShard: 8,
        attempt: 1,
        worker: 'trainer 0',
        outcome: 'applied' as const,
      }));
      const stage = {
        key,
        kind: 'finetune-score' as const,
        config: { ...config, finetuneScore: { ...training, steps: 5 } },
      };
      const audit = auditStage(stage, 'finetuneScore', rows, { attempt: 1, lists: [list], applied: told.applied }, []);
      expect([audit.ok, audit.problems[0]]).toEqual([false, problem]);
    } finally {
      sharded.dispose();
      plane.close();
    }
  });
});
