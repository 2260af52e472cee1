import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Experiment } from '@calm-orch/core';
import { loadExperiment, type LoadOptions } from '@calm-orch/core/config';
import { stageKinds } from '../../../cli/src/run/stage-kinds.ts';
import { planExperiment, type Plan, type PlanSources } from './plan.ts';

const experiments = fileURLToPath(new URL('../../../../experiments/', import.meta.url));

const sources: PlanSources = {
  kinds: stageKinds,
  code: (kind) => `code of ${kind}`,
  engine: 'engine',
  foundation: () => ({ key: 'f'.repeat(64), file: '' }),
  files: () => null,
};

const table5 = (options: LoadOptions = {}): Experiment => loadExperiment(`${experiments}ablation-mfam.yaml`, options);
const plan = (experiment: Experiment, more: Partial<PlanSources> = {}): Plan =>
  planExperiment(experiment, { ...sources, ...more });
const keys = ({ stages }: Plan): string[] => stages.map(({ key }) => key);
const count = ({ stages }: Plan, kind: string): number => stages.filter((stage) => stage.kind === kind).length;
/** Labels of the stages a change gives another key. */
const changed = (before: Plan, after: Plan): string[] =>
  after.stages.filter(({ key }) => !keys(before).includes(key)).map(({ label }) => label);

describe('a plan', () => {
  it('merges what rows and seeds share: 5 rows, 3 seeds, one set of data and of features', () => {
    const whole = plan(table5());
    expect(whole.trials).toHaveLength(15);
    for (const [kind, number] of Object.entries({ data: 4, augment: 1, encode: 3, baselines: 1 }))
      expect([kind, count(whole, kind)]).toEqual([kind, number]);
    expect(count(whole, 'pretrain-generic')).toBe(3);
    expect(count(whole, 'pretrain-ssl')).toBe(12);
    expect(count(whole, 'finetune-score')).toBe(15);
    expect(count(whole, 'evaluate-comment')).toBe(0);
    const trialsOf = (wanted: string) => whole.stages.find(({ label }) => label === wanted)!.trials.length;
    // The row without Q-Formers has no self-supervision.
    expect(['data labeled', 'data comments', 'data unlabeled'].map(trialsOf)).toEqual([15, 15, 12]);
  });

  it('says which stages read files that are no artifacts, or what names such files', () => {
    const loose = ({ stages }: Plan): string[] =>
      [...new Set(stages.flatMap(({ kind, readsLooseFiles }) => (readsLooseFiles ? [kind] : [])))].sort();
    expect(loose(plan(table5()))).toEqual([]);
    const own = loadExperiment(`${experiments}ablation-mfam.yaml`, { set: ['data.unlabeledDir=/photos'] });
    expect(loose(plan(own))).toEqual(['augment', 'data', 'encode', 'pretrain-ssl']);
    const folders = { key: 'f'.repeat(64), sources: { parts: {}, files: [] } };
    const all = plan(table5(), { foundation: () => folders });
    const reading = all.stages.filter(({ inputs }) => 'foundation' in inputs).map(({ kind }) => kind);
    expect(loose(all)).toEqual([...new Set(reading)].sort());
  });

  it('says of each stage which seed needs it first, and plans the seeds that rows have beside the experiment’s', () => {
    const { rows, ...rest } = table5({ rows: ['thematic', 'all'], seeds: [7, 2] });
    const [thematic, all] = rows;
    const whole = plan({ ...rest, rows: [thematic!, { ...all!, seeds: [7, 2, 3] }] });
    expect(whole.seeds).toEqual([7, 2, 3]);
    expect(whole.trials.map(({ row, seed }) => `${row} ${seed}`)).toEqual([
      'thematic 7',
      'thematic 2',
      'all 7',
      'all 2',
      'all 3',
    ]);
    for (const { trials, seedPlace } of whole.stages)
      expect(seedPlace).toBe(
        Math.min(...trials.map(({ seed }) => whole.seeds.indexOf(seed)), trials.length === 0 ? 0 : 9),
      );
    expect(whole.stages.filter(({ kind }) => kind === 'pretrain-generic').map(({ seedPlace }) => seedPlace)).toEqual([
      0, 1, 2,
    ]);
  });

  it.each(['nano', 'paper'] as const)('is made of every experiment file under preset %s', (preset) => {
    const files = readdirSync(experiments);
    expect(files.length).toBeGreaterThan(9);
    for (const file of files) {
      const { stages } = plan(loadExperiment(experiments + file, { preset }));
      expect([file, stages.length]).not.toEqual([file, 0]);
    }
    const { rows } = loadExperiment(`${experiments}paper.yaml`, { preset });
    const config = (row: string) => rows.find((one) => one.row === row)!.config(0);
    const isPaper = preset === 'paper';
    expect(config('table-1-scoring/CALM-E large').vision.imageSize).toBe(isPaper ? 336 : 96);
    for (const table of ['table-2-commenting/CALM', 'table-6-queries/64 queries'])
      expect(config(table).evaluate.numComments).toBe(isPaper ? 9361 : 200);
    expect(config('table-6-queries/64 queries').llm.maxPositions).toBe(isPaper ? 4096 : 512);
    expect(config('table-1-scoring/CALM').evaluate.numComments).toBe(0);
  });

  it('puts inputs before the stages that read them', () => {
    const { stages } = plan(table5());
    stages.forEach(({ inputs }, position) => {
      const earlier = new Set(stages.slice(0, position).map(({ key }) => key));
      for (const input of Object.values(inputs)) expect(earlier.has(input) || input === 'f'.repeat(64)).toBe(true);
    });
  });

  it('leaves out the pre-training a row has no use for', () => {
    const one = plan(table5({ rows: ['thematic'], seeds: [0] }));
    expect([count(one, 'pretrain-ssl'), count(one, 'augment'), count(one, 'encode')]).toEqual([0, 0, 2]);
    const without = plan(table5({ rows: ['all'], seeds: [0], set: ['augment.groups=[]'] }));
    expect(count(without, 'pretrain-ssl')).toBe(0);
  });

  it('gives a trial the same keys whatever else is planned with it', () => {
    const alone = keys(plan(table5({ rows: ['all'], seeds: [1] })));
    const whole = keys(plan(table5()));
    expect(alone.filter((key) => !whole.includes(key))).toEqual([]);
  });

  it("shares all stages of the controls' reference with table 5, and what controls leave as it is", () => {
    const whole = plan(table5());
    const controls = (rows: string[]) =>
      changed(whole, plan(loadExperiment(`${experiments}controls.yaml`, { rows, seeds: [1] }))).sort();
    const scored = ['evaluate-score', 'finetune-score'];
    const trained = [...scored, 'finetune-comment'].sort();
    expect(controls(['all'])).toEqual([]);
    expect(controls(['pooled taps'])).toEqual([...trained, 'pretrain-ssl']);
    expect(controls(['wide thematic'])).toEqual([...trained, 'pretrain-generic']);
    expect(controls(['permuted pseudo-labels'])).toEqual([...trained, 'pretrain-ssl']);
    expect(controls(['permuted scores'])).toEqual(scored);
  });

  it("gives comments measured with METEOR's own folder keys of their own, and nothing else", () => {
    const options = { rows: ['CALM'], seeds: [0] };
    const commenting = (more: LoadOptions): Plan =>
      plan(loadExperiment(`${experiments}commenting.yaml`, { ...options, ...more }));
    const kinds = (labels: string[]) => labels.map((label) => label.split(/[ (]/)[0]).sort();
    const before = commenting({});
    expect(kinds(changed(before, commenting({ meteorDir: '/m' })))).toEqual(['baselines-comment', 'evaluate-comment']);
    expect(changed(commenting({ meteorDir: '/m' }), commenting({ set: ['evaluate.meteorDir=/m'] }))).toEqual([]);
    // What is set beats the environment's folder.
    expect(changed(before, commenting({ meteorDir: '/m', set: ['evaluate.meteorDir=null'] }))).toEqual([]);
  });

  it('changes the keys of what reads a member, and of all that follows, and no other', () => {
    const options = { rows: ['all'], seeds: [0] };
    const before = plan(table5(options));
    const after = (set: string): string[] => changed(before, plan(table5({ ...options, set: [set] })));
    expect(after('finetuneScore.steps=7')).toEqual(['finetune-score', 'evaluate-score']);
    expect(after('evaluate.batchSize=7')).toEqual(['evaluate-score']);
    expect(after('mfam.queries=4')).not.toContain('pretrain-generic');
    expect(after('mfam.resampler=pooling')).toEqual(after('mfam.queries=4'));
    expect(after('mfam.projectorSize=128')).toEqual(after('pretrainGeneric.steps=7'));
    expect(after('control.permutePseudoLabels=true')).toEqual(after('pretrainSsl.steps=7'));
    expect(after('control.permuteScores=true')).toEqual(after('finetuneScore.steps=7'));
    expect(after('train.checkpointEverySeconds=99')).toEqual([]);
    expect(after('train.keepCheckpoints=9')).toEqual([]);
    expect(after('train.maxGradientNorm=1')).toEqual(after('train.weightDecay=0.1'));
    expect(after('train.maxGradientNorm=1')).not.toContain('encode');
    expect(after('finetune=lora')).toEqual(after('finetuneComment.steps=7'));
    expect(after('lora.rank=4')).toEqual([]);
    expect(after('openai.model=other')).toEqual([]);
    expect(after('labels=openai')).toEqual(after('augment.seed=7'));
  });

  it('reads the validation split in evaluation alone, and nothing of it where the test split is evaluated', () => {
    const options = { rows: ['all'], seeds: [0] };
    const planned = (...set: string[]): Plan => plan(table5({ ...options, set: ['evaluate.numComments=5', ...set] }));
    const [test, val] = [planned(), planned('evaluate.split=val')];
    expect(keys(planned('data.numVal=7'))).toEqual(keys(test));
    const evaluation = ['evaluate-score', 'evaluate-comment', 'baselines', 'baselines-comment'];
    expect(changed(test, val).sort()).toEqual(['data validation', 'encode validation', ...evaluation].sort());
    expect(changed(val, planned('evaluate.split=val', 'data.numVal=7')).sort()).toEqual(changed(test, val).sort());
  });

  it('of files trains without the photographs of the validation split', () => {
    const roots = 'data.roots={ AVA: /ava, AVA-Captions: /captions }';
    const of = (...set: string[]): Plan =>
      plan(table5({ rows: ['all'], seeds: [0], set: ['data.source=files', roots, ...set] }));
    const planned = (set: string): string[] => changed(of(), of(set));
    expect(planned('data.numVal=7')).toEqual(
      expect.arrayContaining(['data labeled', 'data comments', 'data unlabeled', 'finetune-score']),
    );
    expect(planned('data.numVal=7')).not.toContain('data generic');
    expect(planned('evaluate.split=val').sort()).toEqual(['baselines', 'evaluate-score']);
  });

  it('changes keys with the code of a stage, with the checkpoint, and with the engine where one computes', () => {
    const experiment = table5({ rows: ['all'], seeds: [0] });
    const before = plan(experiment);
    const code = (kind: string): string => (kind === 'finetune-comment' ? 'other' : `code of ${kind}`);
    expect(changed(before, plan(experiment, { code }))).toEqual([
      'finetune-comment',
      'finetune-score',
      'evaluate-score',
    ]);
    const engine = changed(before, plan(experiment, { engine: 'other' }));
    expect(engine).toContain('encode labeled');
    expect(engine).not.toContain('data labeled');
    expect(changed(before, plan(experiment, { foundation: () => ({ key: 'e'.repeat(64), file: '' }) }))).toContain(
      'encode labeled',
    );
  });

  it('names stages for people', () => {
    const labels = plan(table5()).stages.map(({ label }) => label);
    expect(labels).toEqual(
      expect.arrayContaining(['data labeled', 'encode ssl', 'pretrain-generic seed 1', 'baselines']),
    );
    expect(labels).toContain('finetune-score thematic+high+low seed 0');
    expect(new Set(labels).size).toBe(labels.length);
  });

  it('of the foundation experiment has that one stage', () => {
    const { stages } = plan(loadExperiment(`${experiments}foundation.yaml`));
    expect(stages.map(({ kind }) => kind)).toEqual(['foundation']);
  });
});
