import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

test('an experiment runs to its table in separate processes; again, it executes nothing but what was damaged', async () => {
  const first = story.start(['run', 'story.yaml', '--trainers', '2', '--augmentors', '1'], { stepMs: 20 });
  const titles = (): string[] => story.processes().map(({ title }) => title);
  await until('a trainer computes', () => titles().includes('calm-orch compute trainer 0'));
  expect(titles()).toEqual(expect.arrayContaining(['calm-orch trainer 0', 'calm-orch trainer 1']));
  expect(titles()).toEqual(expect.arrayContaining(['calm-orch augmentor 0', 'calm-orch evaluator 0']));
  const { code, stdout, stderr } = await first.ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/row +ours +ours +n/);
  expect(stdout).toMatch(/17 stages executed, 0 reused/);
  expectUndisturbedResults(story, 'story-1');

  const executions = story.lines('executions').length;
  const second = await story.run(['run', 'story.yaml', '--json']);
  expect(JSON.parse(second.stdout)).toMatchObject({ run: 'story-2', status: 'succeeded', executed: 0, reused: 17 });
  expect(story.lines('executions')).toHaveLength(executions);
  expect(story.tracker((tracker) => tracker.listAttempts('story-2'))).toEqual([]);
  expect((await story.run(['resume'])).stdout).toMatch(/^Nothing to resume/);

  const stages = story.tracker((tracker) => tracker.listRunStages('story-1'));
  const { key } = stages.find(({ kind }) => kind === 'finetune-comment')!;
  const artifact = join(story.dir, 'runs/artifacts', key);
  rmSync(join(artifact, 'item-0.json'));
  const third = await story.run(['run', 'story.yaml', '--json', '--trainers', '1', '--listen', '127.0.0.1:0']);
  expect(JSON.parse(third.stdout)).toMatchObject({ status: 'succeeded', executed: 1, reused: 16 });
  const manifest = JSON.parse(readFileSync(join(artifact, 'manifest.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({ key, kind: 'finetune-comment', files: [{ path: 'item-0.json' }] });
  for (const emptied of ['staging', 'checkpoints', 'tmp'])
    expect(readdirSync(join(story.dir, 'runs', emptied))).toEqual([]);
});

interface ShownStages {
  readonly run: string;
  readonly stages: readonly {
    readonly attempts: readonly { readonly attempt: number; readonly error: string; readonly stack: string }[];
  }[];
}

test('an item that raises three times fails its stage with the reason and shows where; others go on; resume does the rest', async () => {
  const misbehave = {
    'pretrain-ssl': { how: 'throw', times: 3 },
    // Twice is not three times.
    data: { item: 1, how: 'throw', times: 2 },
  } as const;
  const { code, stdout } = await story.run(['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'], {
    misbehave,
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(/pretrain-ssl all failed: item 0 failed 3 times: bad photograph number 7 in pretrain-ssl/);
  expect(stdout).toMatch(/Run story-1 failed: 13 stages executed, 0 reused, 1 failed, 3 skipped/);
  const [run, stages] = story.tracker((tracker) => [tracker.getRun('story-1'), tracker.listRunStages('story-1')]);
  expect(run.status).toBe('failed');
  expect(run.error).toMatch(/bad photograph number 7/);
  expect(run.trials.map(({ row, status }) => `${row} ${status}`)).toEqual(['all failed', 'thematic succeeded']);
  const failed = stages.find(({ status }) => status === 'failed')!;
  const attempts = story.tracker((tracker) => tracker.listAttempts('story-1', failed.key));
  expect(attempts.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);

  const hint = `calm-orch show story-1 --stage ${failed.key.slice(0, 8)}`;
  expect((await story.run(['show'])).stdout).toContain(hint);
  const shown = await story.run(hint.split(' ').slice(1));
  expect([shown.code, shown.stderr]).toEqual([0, '']);
  expect(shown.stdout).toMatch(/^pretrain-ssl all \([0-9a-f]{8}\): failed: item 0 failed 3 times: bad photograph/);
  const raised =
    / {2}item 0, attempt 2, trainer 0: failed, after .*\n {4}Error: bad photograph number 7 in pretrain-ssl\n {8}at misbehaveIfAsked .*stages\.js/;
  expect(shown.stdout).toMatch(raised);
  const json = JSON.parse((await story.run(['show', '--stage', 'pretrain-ssl', '--json'])).stdout) as ShownStages;
  const all = json.stages.flatMap((stage) => stage.attempts);
  expect([json.run, all.map(({ attempt }) => attempt)]).toEqual(['story-1', [1, 2, 3]]);
  for (const { error, stack } of all) expect(stack).toMatch(new RegExp(`^Error: ${error}\n +at misbehaveIfAsked `));
  const both = await story.run(['show', '--stage', 'data', '--config']);
  expect([both.code, both.stderr]).toEqual([
    2,
    expect.stringContaining('--config, --stage: each shows something else'),
  ]);
  const nowhere = await story.run(['show', '--stage', 'nothing']);
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('run story-1 has no stage `nothing`')]);

  const resumed = await story.run(['resume', '--json', '--trainers', '1'], { misbehave });
  expect(JSON.parse(resumed.stdout)).toMatchObject({ run: 'story-1', status: 'succeeded', executed: 4, reused: 13 });
  expectUndisturbedResults(story, 'story-1');
});
