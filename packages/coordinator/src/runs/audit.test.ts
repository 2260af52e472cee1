// What the audit says of lineages made by hand; test/stories/audit.test.ts has those of real training.
import { demandedDigests, type AppliedSteps } from '@calm-orch/core';
import { linkAfter, noLink, type LedgerRow, type StateLink, type ToldLineage } from '@calm-orch/tracker';
import { describe, expect, it } from 'vitest';
import { auditStage, type AuditedStage } from './audit.ts';

const demand = { seed: 3, steps: 12, batchSize: 16 };
const lists = [
  { name: 'finetune-comment', numSamples: 40, share: 40 },
  { name: 'questions', numSamples: 7, share: 13 },
];
const digests = demandedDigests({ ...demand, numShards: 8, lists });
const config = { seed: 3, train: { stepShards: 8 }, finetuneComment: demand };

/** The audit of steps computed in this order, each counted under `counted` and with the samples of the step. */
function audit(
  computed: readonly number[],
  counted = computed,
  gang = [[0, 8]],
  links: readonly StateLink[] = [],
): AuditedStage {
  const applied = computed.map((step, i): AppliedSteps => ({
    generation: 1,
    firstStep: counted[i]!,
    endStep: counted[i]! + 1,
    samples: [digests[step] ?? 1],
  }));
  const rows = applied.flatMap(({ firstStep, endStep }) =>
    gang.map(([firstShard, endShard], rank): LedgerRow => ({
      stageKey: 'abcdef0123',
      firstStep,
      endStep,
      firstShard: firstShard!,
      endShard: endShard!,
      attempt: rank + 1,
      worker: `trainer ${rank}`,
      outcome: 'applied',
    })),
  );
  const lineage: ToldLineage = { attempt: 1, lists, applied };
  return auditStage({ key: 'abcdef0123', kind: 'finetune-comment', config }, 'finetuneComment', rows, lineage, links);
}
const all = [...Array(12).keys()];

describe('the audit', () => {
  it('passes training that has done each step once, in order, with its samples', () => {
    expect(audit(all)).toMatchObject({ ok: true, problems: [], applied: 96, exact: true });
    expect(audit(all, all, [[0, 4], [4, 8]])).toMatchObject({ ok: true, attempts: 2 }); // prettier-ignore
  });

  it('fails where a step was left out', () => {
    const { ok, problems, missing } = audit(all.filter((step) => step !== 5));
    expect([ok, missing[0]]).toEqual([false, { step: 5, shard: 0 }]);
    expect(problems[0]).toBe('step 5 shard 0 (attempt 1) is missing');
    expect(problems).toContain('step 5 (attempt 1) was computed with the samples of step 6');
  });

  it('fails where a step was done twice', () => {
    const { ok, problems, repeated } = audit([...all.slice(0, 6), ...all.slice(5)]);
    expect([ok, repeated[0]]).toEqual([false, { step: 5, shard: 0 }]);
    expect(problems[0]).toBe('step 5 shard 0 (attempt 1) is there more than once');
  });

  it('fails where steps changed places, though each is there once', () => {
    const swapped = all.map((step) => (step === 5 ? 6 : step === 6 ? 5 : step));
    for (const found of [audit(swapped), audit(swapped, all)]) {
      expect(found).toMatchObject({ ok: false, missing: [], repeated: [] });
      expect(found.wrong).toEqual([
        { step: 5, samplesOf: 6 },
        { step: 6, samplesOf: 5 },
      ]);
      expect(found.problems[0]).toBe('step 5 (attempt 1) was computed with the samples of step 6');
    }
  });

  it('fails where steps are counted right and computed wrong: one left out, one done twice, other samples', () => {
    const withSamplesOf = (of: (step: number) => number) => audit(all.map(of), all).wrong[0];
    expect(withSamplesOf((step) => (step < 5 ? step : step + 1))).toEqual({ step: 5, samplesOf: 6 });
    expect(withSamplesOf((step) => (step < 5 ? step : step - 1))).toEqual({ step: 5, samplesOf: 4 });
    expect(withSamplesOf((step) => (step === 11 ? 99 : step))).toEqual({ step: 11, samplesOf: null });
  });

  it('fails where shards of a gang are missing or computed by two', () => {
    expect(audit(all, all, [[0, 4], [5, 8]]).problems[0]).toBe('step 0 shard 4 (attempt 1, 2) is missing'); // prettier-ignore
    expect(audit(all, all, [[0, 5], [4, 8]]).problems[0]).toBe('step 0 shard 4 (attempt 1, 2) is there more than once'); // prettier-ignore
  });

  it('fails where there are more steps than the training has', () => {
    expect(audit([...all, 12]).problems).toContain('step 12 shard 0 (attempt 1) is not part of the training');
  });

  it('looks at the chain of digests: links that do not follow, digests that differ, are missing or too many', () => {
    const chain = (told: readonly (readonly [step: number, digest: string])[]): StateLink[] => {
      let link = noLink;
      return told.map(([step, digit], position) => {
        const digest = digit.repeat(32);
        link = linkAfter(link, 'abcdef0123', { step, digest });
        return { position, step, digest, link, attempt: position + 1 };
      });
    };
    const problems = (links: readonly StateLink[]) => audit(all, all, [[0, 8]], links).problems;
    const whole = chain([[0, 'a'], [12, 'b']]); // prettier-ignore
    expect(audit(all, all, [[0, 8]], whole)).toMatchObject({ ok: true, digests: 2, lastLink: whole[1]!.link });
    expect(audit(all)).toMatchObject({ ok: true, digests: 0, lastLink: null });
    expect(problems([{ ...whole[0]!, digest: 'c'.repeat(32) }, whole[1]!])).toEqual([
      'the digest after step 0 (link 0) does not follow from the link before it',
    ]);
    expect(problems(whole.slice(1))).toEqual([
      'the digest after step 12 (link 1) does not follow from the link before it',
      'the digest after step 0 is missing',
    ]);
    expect(problems(whole.slice(0, 1))).toEqual(['the digest after step 12 is missing']);
    expect(problems(chain([[0, 'a'], [12, 'b'], [12, 'c']]))).toEqual(['the state after step 12 has 2 digests (attempt 2, 3)']); // prettier-ignore
    expect(problems(chain([[0, 'a'], [5, 'b'], [12, 'c']]))).toEqual(['step 5 has a digest and should have none']); // prettier-ignore
  });

  it('says of a stage of an earlier version whether steps are missing, and that it knows no more', () => {
    const rows: LedgerRow[] = [
      {
        stageKey: 'k',
        firstStep: 0,
        endStep: 12,
        firstShard: 0,
        endShard: 8,
        attempt: 1,
        worker: 'trainer 0',
        outcome: 'applied',
      },
    ];
    const stage = { key: 'k', kind: 'finetune-comment', config };
    expect(auditStage(stage, 'finetuneComment', rows, null, [])).toMatchObject({ ok: true, exact: false });
    expect(auditStage(stage, 'finetuneComment', [{ ...rows[0]!, endStep: 11 }], null, [])).toMatchObject({
      ok: false,
      exact: false,
      missing: expect.arrayContaining([{ step: 11, shard: 0 }]) as unknown,
    });
  });
});
