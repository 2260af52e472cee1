// Trainers and an evaluator on GPUs, as far as a machine without one can show it: the program is told of GPUs, and the
// stages say who else has theirs.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

/** By GPU and role, alone and shared. */
const uses = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const line of story.lines('gpu-uses')) {
    const use = line.replace(/ \S+ (\w+)$/, ' $1');
    counts[use] = (counts[use] ?? 0) + 1;
  }
  return counts;
};

const run = (trainers: number, ...more: string[]) =>
  story.run(['run', 'story.yaml', '--trainers', String(trainers), '--augmentors', '1', ...more], { gpus: trainers });

test('a trainer and an evaluator of one GPU compute in turns, and neither leaves a process in it', async () => {
  const { code, stdout, stderr } = await run(2);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(
    'note: GPU GPU-1 is shared by trainer 1, evaluator 0: they compute in turns (--share-gpus: at once)\n',
  );
  expectUndisturbedResults(story, 'story-1');
  const found = uses();
  expect(Object.keys(found).filter((use) => use.endsWith('shared'))).toEqual([]);
  expect(found['GPU-1 evaluator alone']).toBeGreaterThan(1);
  expect(found['GPU-0 trainer alone']).toBeGreaterThan(1);
  expect(found['GPU-1 trainer alone']).toBeGreaterThan(0);
});

test('with --share-gpus they compute at once', async () => {
  const { code, stdout } = await run(1, '--share-gpus');
  expect(code).toBe(0);
  expect(stdout).toContain(
    'note: GPU GPU-0 is shared by trainer 0, evaluator 0: they compute at once (--share-gpus)\n',
  );
  expectUndisturbedResults(story, 'story-1');
  expect(uses()['GPU-0 evaluator shared']).toBeGreaterThan(0);
});
