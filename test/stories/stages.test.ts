// One trial in one process: the plan's own stages, with the configuration slices and inputs it gives them, computed one
// after another by the roles' stage functions on a handful of photographs and steps.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planExperiment, type Plan, type PlanStage } from '@calm-orch/coordinator';
import {
  CalmError,
  dataParts,
  nano,
  type StageContext,
  type StageKind,
  type StageProgress,
  type StageResult,
} from '@calm-orch/core';
import { loadExperiment } from '@calm-orch/core/config';
import { avaCaptionsFile, labeledPhotos } from '@calm-orch/datasets';
import { plcc, srcc } from '@calm-orch/evaluator';
import {
  initialWeights,
  llmShapes,
  openTaps,
  readSafetensors,
  visionShapes,
  writeSafetensors,
  writeTapsPart,
  type Weights,
} from '@calm-orch/model';
import { stageKinds } from '../../packages/cli/src/run/stage-kinds.ts';

const carried = fileURLToPath(new URL('../../assets/foundation-nano.safetensors', import.meta.url));
const foundationKey = 'f'.repeat(64);
const steps = 4;
const trainingKinds = [
  'pretrain-generic',
  'pretrain-ssl',
  'finetune-comment',
  'finetune-score',
  'finetune-personal',
] as const;
const experiment = `
rows:
  - row: all
seeds: [3]
metrics: [PLCC, SRCC, BLEU-1, CIDEr]
set:
  data: { numTrain: 24, numTest: 8, numVal: 6, numUnlabeled: 12, numGeneric: 10 }
  pretrainGeneric: { steps: ${steps}, batchSize: 8 }
  pretrainSsl: { steps: ${steps}, batchSize: 8 }
  finetuneComment: { steps: ${steps}, batchSize: 8 }
  finetuneScore: { steps: ${steps}, batchSize: 8 }
  finetunePersonal: { steps: ${steps}, batchSize: 8 }
  questions: { use: true }
  personal:
    train: { annotators: 4, photos: 12, ratings: 8 }
    test: { annotators: 2, photos: 112, ratings: 106 }
    contextSize: 3
    joining: 5
    repeats: 1
  evaluate: { batchSize: 53, numComments: 3, maxCommentTokens: 12, personal: true, suggestions: true }
`;

/** Random weights of the nano sizes, for a checkout without the carried checkpoint. */
function randomFoundation(): Weights {
  const { vision, llm } = nano;
  const statistics = Array.from({ length: vision.numLayers + 1 }, (_, layer) => ({
    [`taps.${layer}.mean`]: { shape: [vision.hiddenSize], values: new Float32Array(vision.hiddenSize) },
    [`taps.${layer}.deviation`]: { shape: [vision.hiddenSize], values: new Float32Array(vision.hiddenSize).fill(1) },
  }));
  return Object.assign(initialWeights({ ...visionShapes(vision), ...llmShapes(llm) }, 0), ...statistics) as Weights;
}

interface Done {
  readonly result: StageResult;
  readonly dir: string;
  readonly reports: readonly StageProgress[];
}

let root: string;
let plan: Plan;
let planned: (set: readonly string[]) => Plan;
const done = new Map<string, Done>();
const dirOf = (key: string): string => join(root, key);

interface Attempt {
  readonly signal?: AbortSignal;
  readonly onReport?: (progress: StageProgress) => void;
  /** Folders in place of the stage's own inputs. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** All items of a stage; `name` sets its output and its checkpoints apart from those of other attempts. */
async function run(stage: PlanStage, name: string, attempt: Attempt = {}): Promise<Done> {
  const stageFunction = await stageKinds.find(({ kind }) => kind === stage.kind)!.load();
  const reports: StageProgress[] = [];
  const outputDir = join(root, name);
  let result: StageResult = {};
  for (let item = 0; item < stage.numItems; item++) {
    const context: StageContext = {
      stage,
      item,
      outputDir,
      checkpointDir: join(root, 'checkpoints', name),
      checkpointEveryMs: 1e9,
      inputs: {
        ...Object.fromEntries(Object.entries(stage.inputs).map(([input, key]) => [input, dirOf(key)])),
        ...attempt.inputs,
      },
      signal: attempt.signal ?? new AbortController().signal,
      report: (progress) => {
        reports.push(progress);
        attempt.onReport?.(progress);
      },
      now: () => 0,
    };
    result = await stageFunction(context);
  }
  return { result, dir: outputDir, reports };
}
const stageOf = (kind: StageKind, what?: string): PlanStage =>
  plan.stages.find((s) => s.kind === kind && (what === undefined || (s.config as { what: string }).what === what))!;
const doneOf = (kind: StageKind, what?: string): Done => done.get(stageOf(kind, what).key)!;
const modelOf = (kind: StageKind): Weights => readSafetensors(join(doneOf(kind).dir, 'model.safetensors'));

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'calm-orch-stages-'));
  mkdirSync(dirOf(foundationKey));
  const checkpoint = join(dirOf(foundationKey), 'foundation.safetensors');
  if (existsSync(carried)) copyFileSync(carried, checkpoint);
  else writeSafetensors(checkpoint, randomFoundation());
  writeFileSync(join(root, 'story.yaml'), experiment);
  const foundation = { key: foundationKey, file: checkpoint };
  const sources = { kinds: stageKinds, code: () => '', engine: null, foundation: () => foundation, files: () => null };
  planned = (set) => planExperiment(loadExperiment(join(root, 'story.yaml'), { set }), sources);
  plan = planned([]);
  for (const stage of plan.stages) done.set(stage.key, await run(stage, stage.key));
}, 400_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the stages of a trial', () => {
  it('are all those of the paper', () => {
    expect(plan.stages.map(({ kind }) => kind).sort()).toEqual(
      [
        ...dataParts.filter((part) => part !== 'validation').map(() => 'data'),
        'augment',
        'encode',
        'encode',
        'encode',
        'baselines',
        'pretrain-generic',
        'pretrain-ssl',
        'finetune-comment',
        'finetune-score',
        'evaluate-score',
        'evaluate-comment',
        'baselines-comment',
        'data-personal',
        'encode',
        'finetune-personal',
        'evaluate-personal',
        'degrade',
        'encode',
        'evaluate-suggest',
      ].sort(),
    );
  });

  it('leave photographs, pairs and hidden states in the places the next ones read', () => {
    for (const [part, path] of [
      ['labeled', 'AVA/AVA.txt'],
      ['labeled', 'AVA/tags.txt'],
      ['labeled', 'studio/traits.csv'],
      ['questions', 'studio/questions.json'],
      ['unlabeled', 'unlabeled/index.json'],
      ['unlabeled', 'manifest-data.json'],
    ] as const)
      expect(existsSync(join(doneOf('data', part).dir, path)), path).toBe(true);
    expect(readdirSync(join(doneOf('data', 'labeled').dir, 'AVA/images'))).toHaveLength(32);
    expect(readdirSync(join(doneOf('augment').dir, 'images'))).toHaveLength(12);
    for (const [what, number] of [
      ['labeled', 32],
      ['generic', 10],
      ['ssl', 24],
      ['personal', 124],
      ['real', 168],
    ] as const) {
      const taps = openTaps(doneOf('encode', what).dir);
      expect(taps).toMatchObject({ layers: [1, 3, 6], tokens: 65, width: nano.vision.hiddenSize });
      expect(new Set(taps.ids).size).toBe(number);
      const state = taps.read(number - 1, 6);
      expect(state.every(Number.isFinite)).toBe(true);
      expect(state).not.toEqual(taps.read(0, 6));
      taps.close();
    }
  });

  it('train the parts the paper says, starting from what the stages before them made', () => {
    const partsOf = (kind: StageKind): string[] => [
      ...new Set(Object.keys(modelOf(kind)).map((key) => /^(mfam\.[a-z]+|llm)/.exec(key)![0])),
    ];
    expect(partsOf('pretrain-generic')).toEqual(['mfam.thematic']);
    expect(partsOf('pretrain-ssl').sort()).toEqual(['mfam.high', 'mfam.low', 'mfam.middle']);
    for (const kind of ['finetune-comment', 'finetune-score'] as const)
      expect(partsOf(kind).sort()).toEqual(['llm', 'mfam.high', 'mfam.low', 'mfam.middle', 'mfam.thematic']);
    const foundation = readSafetensors(join(dirOf(foundationKey), 'foundation.safetensors'));
    const starts = { ...foundation, ...modelOf('pretrain-generic'), ...modelOf('pretrain-ssl') };
    const distance = (from: Weights, to: Weights): number =>
      Math.max(
        ...Object.entries(to).map(([key, { values }]) =>
          values.reduce((max, x, i) => Math.max(max, Math.abs(x - from[key]!.values[i]!)), 0),
        ),
      );
    // Adam moves a weight by about the learning rate, 1e-3, in each of the few steps.
    for (const [from, kind] of [
      [starts, 'finetune-comment'],
      [modelOf('finetune-comment'), 'finetune-score'],
    ] as const) {
      expect(distance(from, modelOf(kind))).toBeGreaterThan(1e-4);
      expect(distance(from, modelOf(kind))).toBeLessThan(steps * 2e-3);
    }
  });

  it('comment and answer questions by turns, as there are as many photographs with either', () => {
    expect(doneOf('finetune-comment').result.metrics).toEqual({ 'samples/words': 24 });
  });

  it('report every step with a finite loss', () => {
    for (const kind of trainingKinds) {
      const { reports, result } = doneOf(kind);
      expect(reports.map(({ step }) => step)).toEqual([...Array(steps).keys()]);
      for (const { metrics } of reports) expect(metrics!['train/loss']).toBeGreaterThan(0);
      expect(result.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    }
    const prints = plan.stages.flatMap(({ key }) => done.get(key)!.result.fingerprint ?? []);
    expect(new Set(prints).size).toBe(trainingKinds.length);
  });

  it('score the test photographs', () => {
    const { result, dir } = doneOf('evaluate-score');
    expect(result.metrics).toMatchObject({ numTest: 8 });
    const lines = readFileSync(join(dir, 'predictions.csv'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(9);
    expect(lines[1]).toMatch(/^\d+,[\d.]+,[\d.]+,[\d.]+,".*"$/);
    // The metrics are those of the file.
    const column = (at: number): number[] => lines.slice(1).map((line) => Number(line.split(',')[at]));
    const [targets, scores] = [column(1), column(2)];
    expect(result.metrics).toMatchObject({ PLCC: plcc(scores, targets), SRCC: srcc(scores, targets) });
  });

  it('comment on as many as asked for', () => {
    const { result, dir } = doneOf('evaluate-comment');
    expect(result.metrics).toMatchObject({ numComments: 3, 'BLEU-1': expect.any(Number), CIDEr: expect.any(Number) });
    const { items } = JSON.parse(readFileSync(join(dir, 'comments.json'), 'utf8'));
    expect(items).toHaveLength(3);
    for (const { references } of items) expect(references.length).toBeGreaterThan(0);
  });

  it('give the metrics of comments that need no training, for the same photographs', () => {
    const { result, dir } = doneOf('baselines-comment');
    const written = JSON.parse(readFileSync(join(dir, 'comments.json'), 'utf8'));
    const ids = (file: { items: { id: string }[] }): string[] => file.items.map(({ id }) => id);
    const ours = JSON.parse(readFileSync(join(doneOf('evaluate-comment').dir, 'comments.json'), 'utf8'));
    for (const name of ['constant comment', "nearest photograph's comment"]) {
      expect(result.metrics![`${name}/CIDEr`], name).toEqual(expect.any(Number));
      expect(ids(written[name])).toEqual(ids(ours));
    }
    const said = new Set(written['constant comment'].items.map(({ candidate }: { candidate: string }) => candidate));
    expect(said.size).toBe(1);
  });

  it('personalize: the levels of an episode and the language model move, the others stay', () => {
    const [score, personal] = [modelOf('finetune-score'), modelOf('finetune-personal')];
    const moved = Object.keys(score).filter(
      (key) => !Buffer.from(score[key]!.values.buffer).equals(Buffer.from(personal[key]!.values.buffer)),
    );
    expect(moved.some((key) => key.startsWith('mfam.low'))).toBe(true);
    expect(moved.some((key) => key.startsWith('llm'))).toBe(true);
    expect(moved.filter((key) => key.startsWith('mfam.thematic'))).toEqual([]);
    const { result, dir } = doneOf('evaluate-personal');
    expect(result.metrics).toMatchObject({ numAnnotators: 2 });
    for (const name of ['SRCC', 'SRCC_generic', 'SRCC_others'])
      expect(Math.abs(result.metrics![name]!), name).toBeLessThanOrEqual(1);
    const lines = readFileSync(join(dir, 'predictions.csv'), 'utf8').trim().split('\n');
    // Of 106 photographs of each annotator 5 have joined training.
    expect(lines).toHaveLength(1 + 2 * 101);
  });

  it('suggest about six degradations of four crops of six photographs', () => {
    const { result, dir } = doneOf('evaluate-suggest');
    expect(result.metrics).toMatchObject({ numAnswers: 144 });
    const { judge, items } = JSON.parse(readFileSync(join(dir, 'suggestions.json'), 'utf8'));
    expect([judge, items.length]).toEqual(['keywords', 144]);
    expect(readdirSync(doneOf('degrade').dir)).toHaveLength(168);
  });
});

describe('the validation split', () => {
  it('is what every stage of evaluation reads instead of the test split, with the models that are there', async () => {
    const val = planned(['evaluate.split=val']).stages.filter(({ key }) => !done.has(key));
    expect(val.map(({ label }) => label.split(' (')[0]).sort()).toEqual([
      'baselines',
      'baselines-comment',
      'data validation',
      'data-personal',
      'degrade',
      'encode personal',
      'encode real',
      'encode validation',
      'evaluate-comment',
      'evaluate-personal',
      'evaluate-score',
      'evaluate-suggest',
      // Of every annotator evaluated some photographs join its training.
      'finetune-personal',
    ]);
    for (const stage of val) done.set(stage.key, await run(stage, stage.key));
    const of = (kind: StageKind): Done => done.get(val.find((stage) => stage.kind === kind)!.key)!;
    const linesOf = ({ dir }: Done) => readFileSync(join(dir, 'predictions.csv'), 'utf8').trim().split('\n').slice(1);
    const ids = (lines: readonly string[]) => lines.map((line) => Number(line.split(',')[0]));
    const { train, test } = labeledPhotos(doneOf('data', 'labeled').dir);
    const scored = ids(linesOf(of('evaluate-score')));
    expect(scored).toHaveLength(6);
    expect(scored.filter((id) => [...train, ...test].some((photo) => photo.id === id))).toEqual([]);
    expect(of('evaluate-score').result.metrics).toMatchObject({ numTest: 6 });
    for (const kind of ['evaluate-comment', 'baselines-comment'])
      expect(readFileSync(join(of(kind).dir, 'comments.json'), 'utf8')).toContain(`"${scored[0]}"`);
    const ridges = JSON.parse(readFileSync(join(of('baselines').dir, 'baselines.json'), 'utf8')) as object[];
    expect(ridges[0]).toMatchObject({ name: 'ridge latent traits', train: 24, test: 6 });
    const workers = (lines: readonly string[]) => [...new Set(lines.map((line) => line.split(',')[0]))];
    expect(workers(linesOf(of('evaluate-personal')))).toEqual(['C0000', 'C0001']);
    expect(workers(linesOf(doneOf('evaluate-personal')))).toEqual(['B0000', 'B0001']);
    const { items } = JSON.parse(readFileSync(join(of('evaluate-suggest').dir, 'suggestions.json'), 'utf8'));
    expect(items).toHaveLength(144);
    for (const { photo } of items) expect(photo).toMatch(/^scene\d+$/);
  });
});

describe('a training stage', () => {
  it('does not read the test split: other labels, comments and hidden states of it change no weight', async () => {
    const [labeled, comments] = ['labeled', 'comments'].map((part) => {
      const other = join(root, `other ${part}`);
      cpSync(doneOf('data', part).dir, other, { recursive: true });
      return other;
    });
    const isTest = new Set(labeledPhotos(labeled!).test.map(({ id }) => id));
    const replace = (file: string, changed: (text: string) => string) =>
      writeFileSync(file, changed(readFileSync(file, 'utf8')));
    replace(join(labeled!, 'AVA/AVA.txt'), (text) =>
      text.replace(/^(\d+) (\d+) .*$/gm, (line, index: string, id: string) =>
        isTest.has(Number(id)) ? `${index} ${id} 100 0 0 0 0 0 0 0 0 0 0 0 1` : line,
      ),
    );
    replace(join(comments!, 'AVA-Captions', avaCaptionsFile), (text) =>
      text.replace(/^.*"split":"test".*$/gm, (line) => line.replace(/"clean":"[^"]*"/g, '"clean":"dark ."')),
    );
    expect(labeledPhotos(labeled!).test.map(({ meanScore }) => meanScore)).toEqual(Array(8).fill(1));
    const taps = openTaps(doneOf('encode', 'labeled').dir);
    const states = new Map(
      taps.layers.map((layer) => {
        const rows = taps.ids.map((id, row) => taps.read(row, layer).map((x) => (isTest.has(Number(id)) ? NaN : x)));
        return [layer, Float32Array.from(rows.flatMap((row) => [...row]))];
      }),
    );
    const encodeLabeled = join(root, 'other encoding');
    writeTapsPart(encodeLabeled, 0, { ...taps, precision: 'fp32' }, states);
    taps.close();
    const inputs = { data: labeled!, comments: comments!, encodeLabeled };
    for (const kind of ['finetune-comment', 'finetune-score'] as const) {
      const { result } = await run(stageOf(kind), `${kind} of other test photographs`, { inputs });
      expect(result.fingerprint).toBe(doneOf(kind).result.fingerprint);
    }
  });

  it('computed again ends in the same weights', async () => {
    const again = await run(stageOf('finetune-score'), 'again');
    expect(again.result.fingerprint).toBe(doneOf('finetune-score').result.fingerprint);
    const bytes = (dir: string): Buffer => readFileSync(join(dir, 'model.safetensors'));
    expect(bytes(again.dir).equals(bytes(doneOf('finetune-score').dir))).toBe(true);
  });

  it('cancelled in the middle and taken up again ends in the same weights', async () => {
    const controller = new AbortController();
    const stage = stageOf('pretrain-ssl');
    const onReport = ({ step }: StageProgress): void => {
      if (step === 1) controller.abort();
    };
    const error: unknown = await run(stage, 'cancelled', { signal: controller.signal, onReport }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(CalmError);
    expect((error as CalmError).code).toBe('cancelled');
    expect(existsSync(join(root, 'cancelled', 'model.safetensors'))).toBe(false);
    const resumed = await run(stage, 'cancelled');
    expect(resumed.reports.map(({ step }) => step)).toEqual([2, 3]);
    expect(resumed.result.fingerprint).toBe(doneOf('pretrain-ssl').result.fingerprint);
  });
});

describe('the encoding of photographs', () => {
  it('stops when it is cancelled', async () => {
    const error: unknown = await run(stageOf('encode', 'labeled'), 'stopped', { signal: AbortSignal.abort() }).catch(
      (e: unknown) => e,
    );
    expect((error as CalmError).code).toBe('cancelled');
    expect(existsSync(join(root, 'stopped'))).toBe(false);
  });
});
