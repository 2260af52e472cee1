import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { planExperiment, type Plan } from '@calm-orch/coordinator';
import { loadExperiment } from '@calm-orch/core/config';
import { stageKinds } from '../run/stage-kinds.ts';
import { checkSurroundings } from './check-surroundings.ts';

function plan(file: string, set: string[], meteorDir?: string): Plan {
  const path = fileURLToPath(new URL(`../../../../experiments/${file}.yaml`, import.meta.url));
  const experiment = loadExperiment(path, { set, ...(meteorDir !== undefined && { meteorDir }) });
  const foundation = () => ({ key: 'f'.repeat(64), file: '' });
  return planExperiment(experiment, {
    kinds: stageKinds,
    code: (kind) => kind,
    engine: null,
    foundation,
    files: () => null,
  });
}
const nothing = () => false;
const check = (planned: Plan, env: NodeJS.ProcessEnv = {}, isDone: (key: string) => boolean = nothing) =>
  checkSurroundings(planned, isDone, env);

test('a missing key is told before anything starts, where a stage that is not done needs it', async () => {
  const asked = plan('smoke', ['labels=openai']);
  await expect(check(asked)).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(
      /^augment.* could not be done: labels: openai needs a key .*OPENAI_API_KEY/,
    ) as string,
  });
  await check(asked, { OPENAI_API_KEY: 'key' });
  const augments = asked.stages.filter(({ kind }) => kind === 'augment').map(({ key }) => key);
  expect(augments).toHaveLength(1);
  await check(asked, {}, (key) => augments.includes(key));
  await check(plan('smoke', ['labels=openai', 'openai.baseUrl=http://127.0.0.1:9/v1']));
  await check(plan('smoke', []));
});

test('a key that is not meant for the address is told before anything starts', async () => {
  const env = { OPENAI_API_KEY: 'key' };
  const asked = plan('smoke', ['labels=openai', 'openai.baseUrl=https://llm.example.org/v1']);
  await expect(check(asked, env)).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(/^augment.* could not be done: .*set OPENAI_BASE_URL=https:\/\/llm/) as string,
  });
  await check(asked, { ...env, OPENAI_BASE_URL: 'https://llm.example.org/v1' });
  await check(asked, {});
  const plain = plan('smoke', ['labels=openai', 'openai.baseUrl=http://llm.example.org/v1']);
  await expect(check(plain, { ...env, OPENAI_BASE_URL: 'http://llm.example.org/v1' })).rejects.toThrow(/unencrypted/);
});

test('the detector is there where it is asked for', async () => {
  await expect(check(plan('smoke', ['augment.foreground=detection']))).resolves.toBeUndefined();
});

test("METEOR's folder is looked into where comments will be measured", async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-meteor-'));
  try {
    await expect(check(plan('commenting', [], join(dir, 'none')))).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/neither meteor-1\.5\.jar nor data\/paraphrase-en\.gz in .*none/) as string,
    });
    mkdirSync(join(dir, 'data'));
    writeFileSync(join(dir, 'data/paraphrase-en.gz'), '');
    await check(plan('commenting', [], dir));
    // Scores need no METEOR, whatever the environment names.
    await check(plan('ablation-mfam', [], join(dir, 'none')));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
