// Artifacts that something has changed are found and made again; what is freed is what no kept run needs.
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStory, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const oneOfEach = ['--trainers', '1', '--augmentors', '1'];

interface Outcome {
  readonly status: string;
  readonly executed: number;
  readonly reused: number;
}

interface Verified {
  readonly ok: boolean;
  readonly artifacts: readonly {
    readonly kind: string;
    readonly damage: readonly { path: string; problem: string }[];
  }[];
}

const artifacts = (): string => join(story.dir, 'runs/artifacts');

async function run(...more: string[]): Promise<Outcome & { readonly stderr: string }> {
  const { code, stdout, stderr } = await story.run(['run', 'story.yaml', '--json', ...oneOfEach, ...more]);
  expect(code, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as Outcome), stderr };
}

async function verify(): Promise<Verified & { readonly code: number | null }> {
  const { code, stdout } = await story.run(['verify', '--json']);
  return { code, ...(JSON.parse(stdout) as Verified) };
}

/** Path and content of every file of every artifact, but for what the making itself leaves. */
const contents = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(artifacts(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'manifest.json')
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, readFileSync(path, 'latin1')]),
  );

/** Another byte in the middle, the size as before. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

test('makes artifacts again that were damaged in any way, and nothing else; verify names each before and none after', async () => {
  expect(await run()).toMatchObject({ executed: 17, reused: 0 });
  expect(await verify()).toMatchObject({ code: 0, ok: true });
  const before = contents();
  const stages = story.tracker((tracker) => tracker.listRunStages('story-1'));
  const folder = (kind: string, nth = 0): string =>
    join(artifacts(), stages.filter((stage) => stage.kind === kind)[nth]!.key);
  const manifest = (kind: string, nth = 0): string => join(folder(kind, nth), 'manifest.json');

  flip(join(folder('data'), 'item-0.json'));
  writeFileSync(manifest('augment'), '');
  copyFileSync(manifest('data'), manifest('encode'));
  const emptied = JSON.parse(readFileSync(manifest('encode', 1), 'utf8')) as object;
  writeFileSync(manifest('encode', 1), JSON.stringify({ ...emptied, files: [] }));
  rmSync(manifest('pretrain-generic'));
  rmSync(manifest('baselines'));
  execFileSync('mkfifo', [manifest('baselines')]);
  rmSync(join(folder('evaluate-score'), 'item-0.json'));
  appendFileSync(join(folder('finetune-score'), 'item-0.json'), ' ');
  writeFileSync(join(folder('finetune-comment'), 'item-1.json'), '{}');
  const foundation = stages.find(({ inputs }) => inputs['foundation'])!.inputs['foundation']!;
  flip(join(artifacts(), foundation, 'foundation.safetensors'));

  const found = await verify();
  expect(found).toMatchObject({ code: 1, ok: false });
  expect(
    found.artifacts
      .flatMap(({ kind, damage }) => damage.map(({ path, problem }) => `${kind}: ${path} ${problem}`))
      .sort(),
  ).toEqual([
    'augment: manifest.json is no manifest of this artifact',
    'baselines: manifest.json is no manifest of this artifact',
    'data: item-0.json has other bytes',
    'encode: manifest.json is no manifest of this artifact',
    'encode: manifest.json lists other files than were recorded',
    'evaluate-score: item-0.json is missing',
    'finetune-comment: item-1.json does not belong here',
    'finetune-score: item-0.json has another size',
    'input: foundation.safetensors has other bytes',
    'pretrain-generic: manifest.json is missing',
  ]);
  const text = await story.run(['verify', 'story.yaml']);
  expect([text.code, text.stdout]).toEqual([1, expect.stringMatching(/10 of \d+ artifacts.* are damaged or gone/)]);

  const again = await run();
  expect(again).toMatchObject({ status: 'succeeded', executed: 9, reused: 8 });
  expect(again.stderr).toMatch(/Damaged, made again: data \w+: item-0\.json has other bytes/);
  expect(again.stderr).toContain('Damaged, made again: foundation: foundation.safetensors has other bytes');
  expect(contents()).toEqual(before);
  expect(await verify()).toMatchObject({ code: 0, ok: true });
  expect(readdirSync(join(story.dir, 'runs/trash'))).toEqual([]);
});

test('a run that fails before a damaged artifact was made again ends as any that fails', async () => {
  await run();
  const data = story.tracker((tracker) => tracker.listRunStages('story-1')).filter(({ kind }) => kind === 'data');
  for (const { key } of data) writeFileSync(join(artifacts(), key, 'manifest.json'), '');
  const again = ['run', 'story.yaml', '--json', ...oneOfEach];
  const { code, stdout } = await story.run(again, { misbehave: { data: { how: 'throw', times: 99 } } });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'failed' });
});

test('gc keeps the newest run that succeeded, not a later one that failed, and frees nothing without a yes', async () => {
  expect(await run()).toMatchObject({ executed: 17 });
  const fails = ['run', 'story.yaml', '--json', ...oneOfEach, '--rows', 'all', '--set', 'evaluate.batchSize=7'];
  const failed = await story.run(fails, { misbehave: { 'evaluate-score': { how: 'throw', times: 99 } } });
  expect(failed.code).toBe(1);

  const unasked = await story.run(['gc', '--keep', '0']);
  expect([unasked.code, unasked.stdout]).toEqual([2, expect.stringMatching(/^Would free .* in \d+ folders/m)]);
  expect(unasked.stderr).toMatch(/nothing was freed.*calm-orch gc --yes/);
  const kept = await story.run(['gc', '--yes', '--json']);
  expect(kept.code, kept.stderr).toBe(0);
  const { freed } = JSON.parse(kept.stdout) as { freed: { path: string }[] };
  expect(freed.filter(({ path }) => path.startsWith('artifacts/'))).toEqual([]);
  expect(await run()).toMatchObject({ executed: 0, reused: 17 });
});

test('a run that was freed half done is begun again', async () => {
  const failed = await story.run(['run', 'story.yaml', '--json', ...oneOfEach], {
    misbehave: { data: { item: 1, how: 'throw', times: 3 } },
  });
  expect(failed.code).toBe(1);
  const staging = join(story.dir, 'runs/staging');
  expect(readdirSync(staging).length).toBeGreaterThan(0);
  // As it is newer than any that succeeded it stays, to be resumed.
  expect((await story.run(['gc', '--yes'])).code).toBe(0);
  expect(readdirSync(staging).length).toBeGreaterThan(0);
  expect((await story.run(['gc', '--yes', '--keep', '0'])).code).toBe(0);
  expect(existsSync(staging) ? readdirSync(staging) : []).toEqual([]);
  expect(await run()).toMatchObject({ status: 'succeeded', executed: 17 });
});
