// A user points at CLIP and at a LLaMA as they are downloaded (here tiny and random, in the same files): one row is
// trained and evaluated through the command line, interrupted once; a folder that does not fit is told before anything.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nano, type LlmConfig, type MfamConfig, type VisionConfig } from '@calm-orch/core';
import {
  exportHuggingFace,
  initialWeights,
  llmShapes,
  mfamShapes,
  statesOf,
  visionShapes,
  writeSafetensors,
} from '@calm-orch/model';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const tokenizer = at('../../packages/model/fixtures/tokenizer/tokenizer.model');

const vision: VisionConfig = {
  ...nano.vision,
  imageSize: 32,
  patchSize: 16,
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 2,
  mlpSize: 32,
};
const llm: LlmConfig = {
  ...nano.llm,
  hiddenSize: 16,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 1,
  mlpSize: 32,
  vocabSize: 512,
  maxPositions: 512,
};
const mfam: MfamConfig = {
  ...nano.mfam,
  taps: { low: 0, middle: 1, high: 2, thematic: 1 },
  queries: 2,
  hiddenSize: 16,
  numHeads: 2,
  numLayers: 1,
  mlpSize: 16,
  standardizeTaps: false,
  projector: 'mlp2x_gelu' as const,
};
const training = { steps: 3, batchSize: 8 };

let dir: string;
const run = (...args: string[]): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [at('../../packages/cli/bin/calm-orch.js'), ...args], { cwd: dir });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    child.once('close', (code) => resolve({ code, output }));
  });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-downloaded-'));
  const shapes = { ...visionShapes(vision), ...mfamShapes(mfam, statesOf(vision), llm), ...llmShapes(llm) };
  const weights = initialWeights(shapes, 5, () => 0.2);
  exportHuggingFace(join(dir, 'models'), { vision, mfam, llm, read: (key) => weights[key]! }, { shardBytes: 40_000 });
  copyFileSync(tokenizer, join(dir, 'models/llm/tokenizer.model'));
  // LLaVA's mm_projector, which the thematic projection starts from.
  const projector = Object.entries(weights).filter(([key]) => key.startsWith('mfam.thematic.'));
  const named = projector.map(([key, value]) => [key.replace('mfam.thematic', 'model.mm_projector'), value] as const);
  writeSafetensors(join(dir, 'models/mm_projector.safetensors'), Object.fromEntries(named));
  const set = {
    foundation: { vision: join(dir, 'models/vision'), llm: 'models/llm', projector: 'models/mm_projector.safetensors' },
    vision,
    llm,
    mfam,
    'prompt.template': 'vicuna_v1',
    'encode.fit': 'pad',
    data: { numTrain: 16, numTest: 8, numUnlabeled: 8, numGeneric: 8 },
    pretrainSsl: training,
    pretrainGeneric: training,
    finetuneComment: training,
    finetuneScore: training,
    evaluate: { batchSize: 8, numComments: 4, maxCommentTokens: 40 },
  };
  writeFileSync(join(dir, 'own.yaml'), JSON.stringify({ rows: [{ row: 'all' }], trainers: 1, set }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('an experiment on downloaded models runs to its end, and its stages are those of these files', async () => {
  const first = await run('run', 'own.yaml', '--augmentors', '1', '--evaluators', '1');
  expect(first.output).toMatch(/Run own-1 succeeded: 16 stages executed, 0 reused/);
  const again = await run('resume', 'own-1');
  expect(again.output).toMatch(/own-1/);
  const reused = await run('run', 'own.yaml');
  expect(reused.output).toMatch(/0 stages executed, 16 reused/);
  // Another byte in the weights is another model: nothing but the data and the pairs is the same.
  const shards = readdirSync(join(dir, 'models/vision')).filter((name) => name.endsWith('.safetensors'));
  const shard = join(dir, 'models/vision', shards.sort()[0]!);
  const bytes = readFileSync(shard);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(shard, bytes);
  expect((await run('plan', 'own.yaml')).output).toMatch(/5 of them done/);
}, 600_000);

test("personal scores are learnt and read in Vicuna's conversation, with low-rank factors", async () => {
  const changes = {
    finetune: 'lora',
    'evaluate.personal': true,
    'evaluate.scores': false,
    'evaluate.numComments': 0,
    'finetunePersonal.steps': 3,
    'finetunePersonal.batchSize': 8,
    'personal.train.annotators': 2,
    'personal.train.photos': 6,
    'personal.train.ratings': 4,
    'personal.test.annotators': 1,
    'personal.test.photos': 106,
    'personal.test.ratings': 106,
    'personal.contextSize': 2,
    'personal.joining': 3,
    'personal.repeats': 1,
  };
  const set = Object.entries(changes).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const { output } = await run('run', 'own.yaml', ...set);
  expect(output).toMatch(/succeeded/);
  const artifacts = join(dir, 'runs/artifacts');
  const holding = (file: string): string[] =>
    readdirSync(artifacts).filter((key) => readdirSync(join(artifacts, key)).includes(file));
  // Of 106 photographs of the annotator 3 have joined training.
  const [evaluated] = holding('annotators.csv');
  const lines = readFileSync(join(artifacts, evaluated!, 'predictions.csv'), 'utf8')
    .trim()
    .split('\n');
  expect(lines).toHaveLength(1 + 103);
  const adapters = holding('adapter_model.safetensors').map((key) => {
    return (JSON.parse(readFileSync(join(artifacts, key, 'manifest.json'), 'utf8')) as { kind: string }).kind;
  });
  expect(adapters.sort()).toEqual(['finetune-comment', 'finetune-personal', 'finetune-score']);
}, 600_000);

test('sizes that are not those of config.json are told before anything is planned', async () => {
  const { code, output } = await run('run', 'own.yaml', '--set', 'llm.numLayers=4');
  expect(code).toBe(2);
  expect(output).toMatch(/llm\/config\.json says numLayers 1 \(configured: 4\); set llm\.numLayers: 1/);
  expect(output).not.toMatch(/^Run /m);
}, 120_000);
