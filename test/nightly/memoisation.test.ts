// A constant of the trainer is changed in a copy of the real program: what is computed again, counted by executions.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStory, type Story } from '../stories/story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const root = fileURLToPath(new URL('../..', import.meta.url));
const oneOfEach = ['--trainers', '1', '--augmentors', '1'];

interface Explained {
  readonly stages: readonly { readonly differences: readonly { readonly what: string }[] }[];
}

/** The built program, so that its code can be changed. */
function copyOfProgram(tree: string): void {
  for (const name of readdirSync(join(root, 'packages')).filter((each) => !each.includes('.')))
    for (const part of ['package.json', 'dist', 'bin', 'migrations', 'node_modules']) {
      const [from, to] = [join(root, 'packages', name, part), join(tree, 'packages', name, part)];
      if (existsSync(from)) cpSync(from, to, { recursive: true });
    }
  for (const name of ['assets', 'ablations', 'package.json']) symlinkSync(join(root, name), join(tree, name));
  mkdirSync(join(tree, 'node_modules/@calm-orch'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@calm-orch') symlinkSync(join(root, 'node_modules', name), join(tree, 'node_modules', name));
  for (const name of readdirSync(join(tree, 'packages')))
    symlinkSync(join(tree, 'packages', name), join(tree, 'node_modules/@calm-orch', name));
}

const tiny = `
rows: [{ row: all }]
set:
  data: { numTrain: 24, numTest: 8, numUnlabeled: 12, numGeneric: 10 }
  pretrainGeneric: { steps: 2, batchSize: 8 }
  pretrainSsl: { steps: 2, batchSize: 8 }
  finetuneComment: { steps: 2, batchSize: 8 }
  finetuneScore: { steps: 2, batchSize: 8 }
`;

test(
  'a constant in a helper of the real trainer re-runs exactly the stages that bundle it, and what needs them',
  { timeout: 900_000 },
  async () => {
    const tree = join(story.dir, 'tree');
    copyOfProgram(tree);
    writeFileSync(join(story.dir, 'tiny.yaml'), tiny);
    const helper = join(tree, 'packages/trainer/dist/training/schedule.js');
    const source = readFileSync(helper, 'utf8');
    const call = async <T>(...args: string[]): Promise<T> => {
      const { code, stdout, stderr } = await story.runProgram(join(tree, 'packages/cli/bin/calm-orch.js'), args);
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout) as T;
    };
    const left = async (): Promise<string[]> => {
      const { kinds } = await call<{ kinds: { kind: string; unique: number; done: number }[] }>(
        ...['plan', 'tiny.yaml', '--json'],
      );
      return kinds.flatMap(({ kind, unique, done }) => Array.from({ length: unique - done }, () => kind)).sort();
    };
    const run = (): Promise<{ run: string; executed: number }> => call('run', 'tiny.yaml', '--json', ...oneOfEach);

    const all = await left();
    expect((await run()).executed).toBe(all.length);
    const comment = source.replaceAll('warmup)', 'rise)').replaceAll('warmup;', 'rise;').replace('warmup =', 'rise =');
    expect(comment).not.toBe(source);
    writeFileSync(helper, `// Linear, then a cosine.\n${comment}`);
    expect(await left()).toEqual([]);

    writeFileSync(helper, source.replace('* 0.5 *', '* 0.25 *'));
    const again = await left();
    expect(again).toEqual(['evaluate-score', 'finetune-comment', 'finetune-score', 'pretrain-generic', 'pretrain-ssl']);
    const { run: id, executed } = await run();
    expect(executed).toBe(again.length);
    const { stages } = await call<Explained>('explain', id, 'pretrain-generic', '--json');
    expect(stages[0]!.differences.map(({ what }) => what)).toEqual([
      'module packages/trainer/dist/training/schedule.js',
    ]);
  },
);
