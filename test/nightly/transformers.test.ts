// What calm-orch exports is read by transformers, with every key, and computes the same there; and whole CALMs that
// transformers computes anew, of every variant, are reproduced to every value. Needs a Python with torch and transformers:
// CALM_ORCH_PYTHON, else python3.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nano, rng } from '@calm-orch/core';
import { createProgram, startEngine } from '@calm-orch/engine';
import {
  checkParity,
  embedTokens,
  exportHuggingFace,
  frozenParameters,
  hiddenStates,
  initialWeights,
  llamaHidden,
  llmShapes,
  logitsOf,
  mfamShapes,
  statesOf,
  visionShapes,
} from '@calm-orch/model';
import { expect, it, onTestFinished } from 'vitest';

const execute = promisify(execFile);
const python = process.env.CALM_ORCH_PYTHON ?? 'python3';
const script = (name: string): string =>
  fileURLToPath(new URL(`../../packages/model/fixtures/${name}`, import.meta.url));
const lacking = await execute(python, ['-c', 'import torch, transformers']).then(
  () => undefined,
  () => `skipped: ${python} has no torch and transformers (CALM_ORCH_PYTHON names another)`,
);
if (lacking !== undefined) console.log(lacking);

const { vision, mfam } = nano;
const llm = { ...nano.llm, numKeyValueHeads: 2 };
const ids = [
  [1, 17, 4, 99, 200, 31],
  [1, 5, 5, 8, 250, 2],
];

it.skipIf(lacking !== undefined)('transformers reads an export whole and computes the same from it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-transformers-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const shapes = { ...visionShapes(vision), ...llmShapes(llm) };
  const weights = initialWeights({ ...shapes, ...mfamShapes(mfam, statesOf(vision), llm) }, 5, () => 0.1);
  exportHuggingFace(dir, { vision, llm, mfam, read: (key) => weights[key]! }, { shardBytes: 200_000 });
  const draw = rng('transformers', 'pixels');
  const shape = [2, 3, vision.imageSize, vision.imageSize];
  const pixels = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.normal());
  writeFileSync(join(dir, 'inputs.json'), JSON.stringify({ pixels: { shape, data: [...pixels] }, ids }));

  const program = createProgram(await startEngine(), {
    variables: shapes,
    functions: {
      all: {
        inputs: { pixels: { shape, dtype: 'float32' }, ids: { shape: [2, 6], dtype: 'int32' } },
        body: (variables, inputs) => {
          const parameters = frozenParameters(variables);
          const hidden = llamaHidden(parameters, llm, embedTokens(parameters, inputs.ids!));
          return {
            outputs: {
              state: hiddenStates(parameters, vision, inputs.pixels!).at(-1)!,
              logits: logitsOf(parameters, llm, hidden),
            },
          };
        },
      },
    },
  });
  for (const key of Object.keys(shapes)) program.assign(key, weights[key]!.values);
  const ours = program.run('all', { pixels, ids: Int32Array.from(ids.flat()) });
  program.dispose();
  const { stdout } = await execute(python, [script('read-back.py'), dir], { maxBuffer: 2 ** 28 });
  const theirs = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<'state' | 'logits', number[]>;
  for (const name of ['state', 'logits'] as const) {
    expect(theirs[name]).toHaveLength(ours[name]!.length);
    const error = Math.max(...theirs[name].map((x, i) => Math.abs(x - ours[name]![i]!)));
    console.log(`${name}: largest difference ${error.toExponential(2)}`);
    expect(error).toBeLessThan(1e-4);
  }
});

it.skipIf(lacking !== undefined)('every value of each variant that transformers computes is reproduced', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-variants-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  await execute(python, [script('make-variant.py'), 'all', dir], { maxBuffer: 2 ** 28 });
  const variants = readdirSync(dir);
  expect(variants.length).toBeGreaterThan(5);
  const engine = await startEngine();
  for (const variant of variants) {
    const checks = checkParity(engine, join(dir, variant));
    const largest = checks.map(({ name, maxAbsError }) => `${name} ${maxAbsError.toExponential(1)}`);
    console.log(`${variant}: ${largest.join(', ')}`);
    expect(checks.map(({ name }) => name)).toContain('gradients');
    expect([variant, checks.filter(({ ok }) => !ok)]).toEqual([variant, []]);
  }
});
