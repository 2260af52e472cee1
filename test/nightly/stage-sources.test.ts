// What re-runs a stage and what does not, counted by the executions of its function; and what `explain` and `gc` say.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixture, makeStory, type Story } from '../stories/story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const root = fileURLToPath(new URL('../..', import.meta.url));
const oneOfEach = ['--trainers', '1', '--augmentors', '1'];

interface Explained {
  readonly stages: readonly {
    readonly kind: string;
    readonly execution: string;
    readonly firstRun: string;
    readonly differences: readonly { readonly what: string; readonly before: unknown; readonly now: unknown }[];
  }[];
}

const explain = async (...args: string[]): Promise<Explained['stages']> =>
  (JSON.parse((await story.run(['explain', ...args, '--json'])).stdout) as Explained).stages;

/** What differs, over all stages of a run. */
const causes = async (run: string): Promise<string[]> => [
  ...new Set((await explain(run)).flatMap(({ differences }) => differences.map(({ what }) => what))),
];

test('an edited comment or a renamed variable re-runs nothing; a constant of a helper or a foreign version does', async () => {
  const dir = join(story.dir, 'packages/trainer/dist');
  const modules = join(story.dir, 'node_modules');
  mkdirSync(dir, { recursive: true });
  mkdirSync(join(modules, 'foreign'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@calm-orch'), join(modules, '@calm-orch'));
  const release = (version: string): void =>
    writeFileSync(
      join(modules, 'foreign/package.json'),
      JSON.stringify({ name: 'foreign', version, main: 'index.cjs' }),
    );
  writeFileSync(join(modules, 'foreign/index.cjs'), 'exports.value = 0;');
  release('1.0.0');
  const stages = join(dir, 'stages.js');
  const source = readFileSync(fixture, 'utf8').replace(
    'const numSteps = 20;',
    "import foreign from 'foreign';\nimport { steps } from './helper.js';\nconst numSteps = steps() + foreign.value;",
  );
  const helper =
    '// How many.\nconst count = 20;\nexport const steps = () => {\n  const all = count;\n  return all;\n};\n';
  const write = (text: string): void => writeFileSync(join(dir, 'helper.js'), text);
  writeFileSync(stages, source);
  write(helper);
  const run = async (...more: string[]): Promise<{ executed: number; reused: number }> => {
    const { code, stdout, stderr } = await story.run(['run', 'story.yaml', '--json', ...oneOfEach, ...more], {
      stages,
    });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as { executed: number; reused: number };
  };
  const executions = (): number => story.lines('executions').length;

  expect(await run()).toMatchObject({ executed: 17, reused: 0 });
  const once = executions();
  expect((await explain('story-1')).every(({ execution }) => execution === 'executed')).toBe(true);

  write(helper.replace('How many', 'The number of steps').replaceAll('all', 'theWholeNumber').replace('{\n', '{\n\n'));
  writeFileSync(stages, source.replaceAll('misbehaveIfAsked', 'misbehave1').replaceAll('counter', 'file'));
  expect(await run()).toMatchObject({ executed: 0, reused: 17 });
  expect(executions()).toBe(once);
  expect(
    (await explain('story-2')).every(({ execution, firstRun }) => `${execution} ${firstRun}` === 'reused story-1'),
  ).toBe(true);

  write(helper.replace('20', '21'));
  expect(await run()).toMatchObject({ executed: 17, reused: 0 });
  expect(executions()).toBe(2 * once);
  expect(await causes('story-3')).toContain('module packages/trainer/dist/helper.js');

  release('1.0.1');
  expect(await run()).toMatchObject({ executed: 17, reused: 0 });
  expect((await explain('story-4', 'data'))[0]!.differences).toEqual([
    { what: 'package foreign', before: '1.0.0', now: '1.0.1' },
  ]);

  // One changed member of the configuration: the stage that reads it, and what depends on that.
  expect(await run('--rows', 'all', '--set', 'evaluate.batchSize=7')).toMatchObject({ executed: 1 });
  const [evaluated] = (await explain('story-5')).filter(({ execution }) => execution === 'executed');
  expect(evaluated).toMatchObject({
    kind: 'evaluate-score',
    differences: [{ what: 'config.evaluate.batchSize', now: 7 }],
  });
  const text = (await story.run(['explain', 'story-5', 'evaluate-score'])).stdout;
  expect(text).toMatch(
    /^evaluate-score \([0-9a-f]{8}\): executed\n {2}differs from .*\n {4}config.evaluate.batchSize: \d+ -> 7\n$/,
  );

  const would = await story.run(['gc', '--dry-run']);
  expect(would.stdout).toMatch(/Would free .* in \d+ folders, kept/);
  expect(await run('--rows', 'all', '--set', 'evaluate.batchSize=7')).toMatchObject({ executed: 0 });
  const { freed } = JSON.parse((await story.run(['gc', '--yes', '--json'])).stdout) as { freed: { path: string }[] };
  // Three times 17 stages were made; the last run needs its own alone.
  expect(freed.filter(({ path }) => path.startsWith('artifacts/')).length).toBeGreaterThan(28);
  expect(await run('--rows', 'all', '--set', 'evaluate.batchSize=7')).toMatchObject({ executed: 0 });
  expect((await run()).executed).toBeGreaterThan(0);
});
