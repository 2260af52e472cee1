import { spawnSync } from 'node:child_process';
import type { Audit } from '@calm-orch/coordinator';
import { describe, expect, it } from 'vitest';
import { judged } from './chaos.ts';
import { misled, misledKinds, planFault, plantVariable } from './planted-fault.ts';

const built = (path: string): string => new URL(`../../dist/chaos/${path}`, import.meta.url).href;
const stageKey = 'c0ffee';

describe('a planted fault', () => {
  it.each(misledKinds)('(%s) reaches whoever trains its stage, and nobody else', (kind) => {
    const plant = { kind, stageKey, step: 3 };
    // As a stage imports it; the loop is the real one, its step notes what it is given.
    const script = `
      const { trainLoop } = await import(${JSON.stringify(new URL('../../../trainer/dist/training/train-loop.js', import.meta.url).href)});
      const sharded = { run: (name) => (given.push(Number(name)), 0) };
      const context = (key) => ({ stage: { key, kind: 'finetune-score' }, checkpointDir: '/nonexistent', checkpointEveryMs: 1e9,
        signal: new AbortController().signal, now: () => 0, report: () => {} });
      const all = {};
      let given;
      for (const key of [${JSON.stringify(stageKey)}, 'another']) {
        all[key] = given = [];
        await trainLoop(context(key), sharded, { steps: 6, batchSize: 1, peakLearningRate: 1, warmupFraction: 0 },
          (step) => ({ name: String(step), inputs: {} }));
      }
      console.log(JSON.stringify(all));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', built('plant.js'), '--input-type=module', '-e', script],
      { encoding: 'utf8', env: { ...process.env, [plantVariable]: JSON.stringify(plant) } },
    );
    const steps = [0, 1, 2, 3, 4, 5];
    expect(JSON.parse(stdout || stderr)).toEqual({
      [stageKey]: steps.map((step) => misled(plant, step)),
      another: steps,
    });
  });

  it('leaves a step out, does one twice, or exchanges two', () => {
    const of = (kind: (typeof misledKinds)[number]): number[] =>
      [0, 1, 2, 3, 4].map((step) => misled({ kind, stageKey, step: 2 }, step));
    expect(of('drop')).toEqual([0, 1, 3, 4, 5]);
    expect(of('repeat')).toEqual([0, 1, 1, 2, 3]);
    expect(of('swap')).toEqual([0, 1, 3, 2, 4]);
  });

  it('is drawn from the seed: every kind, any stage, a step that has neighbours', () => {
    const stages = [
      { key: 'a', steps: 3, workers: ['trainer 0'] },
      { key: 'b', steps: 40, workers: ['trainer 0', 'trainer 1'] },
      { key: 'too short', steps: 2, workers: ['trainer 0', 'trainer 1'] },
    ];
    const planned = Array.from({ length: 60 }, (_, seed) => planFault(seed, stages)!);
    expect(planned).toEqual(planned.map((_, seed) => planFault(seed, stages)));
    expect(planFault(0, stages, 'repeat')!.kind).toBe('repeat');
    for (let seed = 0; seed < 20; seed++)
      expect(planFault(seed, stages, 'flip-slice')).toMatchObject({ kind: 'flip-slice', stageKey: 'b' });
    expect(planFault(0, stages.slice(0, 1), 'flip-replica')).toBeNull();
    expect(new Set(planned.map(({ kind }) => kind)).size).toBe(3);
    expect(new Set(planned.map((fault) => fault.stageKey))).toEqual(new Set(['a', 'b']));
    for (const { stageKey: key, step } of planned) {
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThan(key === 'a' ? 2 : 39);
    }
  });

  it('counts as found when the audit names its stage and its step, and else not', () => {
    const fault = { kind: 'swap', stageKey, step: 2 } as const;
    const auditOf = (key: string, steps: readonly number[]): Audit =>
      ({ stages: [{ key, kind: 'finetune-score', wrong: steps.map((step) => ({ step, samplesOf: 1 })) }] }) as never;
    expect(judged(fault, auditOf(stageKey, [2, 3]))).toMatchObject({ found: true, stage: 'finetune-score c0ffee' });
    expect(judged(fault, auditOf(stageKey, []))).toMatchObject({ found: false });
    expect(judged(fault, auditOf(stageKey, [4]))).toMatchObject({ found: false });
    expect(judged(fault, auditOf('other', [2]))).toMatchObject({ found: false });
  });
});
