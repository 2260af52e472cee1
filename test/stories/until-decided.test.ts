// `run --until-decided`: rows of undecided claims get seeds until all is decided, or it is plain that it will not be.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStory, until, type Story } from './story.test-util.ts';

const stages = fileURLToPath(new URL('./fixtures/scoring-stages.js', import.meta.url));

/** Of the table: a claim that two seeds decide, one that takes more, and one about rows that are as good as each other. */
const ablation = `
title: Levels
metrics: [PLCC]
rows:
  - row: thematic
    set: { mfam.levels: [thematic] }
  - row: near
    set: { mfam.levels: [thematic, high, low] }
  - row: twin
    set: { mfam.levels: [thematic, high, middle] }
  - row: all
    set: { mfam.levels: [thematic, high, middle, low] }
claims:
  - { claim: far, metric: PLCC, row: all, is: better, than: [thematic], effect: 0.3 }
  - { claim: near, metric: PLCC, row: all, is: better, than: [near], effect: 0.1 }
  - { claim: same, metric: PLCC, row: all, is: better, than: [twin], effect: 0.01 }
`;

let story: Story;
beforeEach(() => {
  story = makeStory();
  writeFileSync(join(story.dir, 'levels.yaml'), ablation);
  writeFileSync(
    join(story.dir, 'decide.yaml'),
    `ablation: levels.yaml\nseeds: [0, 1]\nset:\n  foundation.checkpoint: ${join(story.dir, 'foundation.safetensors')}\n  data: { numTrain: 400, numTest: 100, numUnlabeled: 300, numGeneric: 200 }\n`,
  );
});
afterEach(() => story.close());

const workers = ['--trainers', '2', '--augmentors', '1'];
const run = ['run', 'decide.yaml', '--until-decided', '--max-seeds', '6'];

interface Outcome {
  readonly undecided: readonly { readonly claim: string; readonly seedsToDecide: number; readonly givenUp: string }[];
  readonly tables: readonly {
    readonly rows: readonly { readonly row: string; readonly metrics: { readonly PLCC: { readonly n: number } } }[];
    readonly verdicts: readonly { readonly claim: string; readonly verdict: string }[];
  }[];
}

const summaryOf = (stdout: string) => {
  const { undecided, tables, ...rest } = JSON.parse(stdout) as Outcome;
  const { rows, verdicts } = tables[0]!;
  return {
    ...rest,
    seeds: rows.map(({ row, metrics }) => `${row} ${metrics.PLCC.n}`),
    verdicts: verdicts.map(({ claim, verdict }) => `${claim} ${verdict}`),
    givenUp: undecided.map(({ claim, seedsToDecide, givenUp }) => [claim, seedsToDecide > 6, givenUp]),
  };
};

const decided = {
  status: 'succeeded',
  seeds: ['thematic 2', 'near 4', 'twin 2', 'all 4'],
  verdicts: ['far reproduced', 'near reproduced', 'same undecided'],
  givenUp: [['same', true, expect.stringMatching(/^undecided with 2 seeds; about \d+ would decide it, --max-seeds/)]],
};

test('rows of a claim that is undecided get seeds until it is decided; Ctrl-C and resume go on with that', async () => {
  const first = story.start([...run, '--json', ...workers], { stages, stepMs: 30 });
  await until('it trains', () => story.lines('steps').length > 0);
  await until('a seed is added', () => story.tracker((tracker) => tracker.getRun('decide-1').trials.length) === 10);
  const numSteps = story.lines('steps').length;
  await until('it is trained', () => story.lines('steps').length > numSteps + 10);
  const cancelled = await first.kill('SIGINT');
  expect(cancelled.stderr).toMatch(
    /Seed 2 is added to all, near: "near" is undecided, about \d seeds would decide it\.\n/,
  );
  expect(JSON.parse(cancelled.stdout)).toMatchObject({ status: 'cancelled', skipped: 0, executed: expect.any(Number) });

  const resumed = await story.run(['resume', '--json', ...workers], { stages });
  expect([resumed.code, summaryOf(resumed.stdout)]).toEqual([0, expect.objectContaining(decided)]);
  expect(resumed.stderr).toContain('After seeds 0, 1, 2 of 0, 1, 2, 3:');
  expect(resumed.stderr).toMatch(/Seed 3 is added to all, near/);
  expect(resumed.stderr).not.toMatch(/Seed 4 is added/);
  const { resolved, trials } = story.tracker((tracker) => tracker.getRun('decide-1'));
  expect(resolved).toMatchObject({ looks: [2, 3, 4], untilDecided: { maxSeeds: 6 } });
  expect(trials.map(({ row, seed, status }) => `${row} ${seed} ${status}`).filter((_, i) => i % 4 === 2)).toEqual([
    'near 0 succeeded',
    'twin 0 succeeded',
    'all 2 succeeded',
  ]);
  expect((await story.run(['show', '--config'])).stdout).toMatch(/looks: \[ 2, 3, 4 \]/);
  expect((await story.run(['resume'])).stdout).toMatch(/^Nothing to resume/);

  // Once more: looked at as often, and no process is started for it.
  const again = await story.run([...run, '--json'], { stages });
  expect(summaryOf(again.stdout)).toMatchObject({ ...decided, run: 'decide-2', executed: 0 });
  expect(existsSync(join(story.dir, 'runs/logs/decide-2'))).toBe(false);
});

test('it ends at once where more seeds than allowed would be needed, and is refused where there is nothing to decide', async () => {
  const most = ['--max-seeds', '3'];
  const futile = await story.run([...run.slice(0, 3), ...most, '--rows', 'all,twin', ...workers], { stages });
  expect([futile.code, futile.stderr.includes('is added')]).toEqual([0, false]);
  expect(futile.stdout).toMatch(/^"same": undecided with 2 seeds; about \d+ would decide it, --max-seeds allows 3\.$/m);
  expect(story.tracker((tracker) => tracker.getRun('decide-1').trials.length)).toBe(4);

  const refusals: [string[], RegExp][] = [
    [['run', 'story.yaml', '--until-decided'], /--until-decided: story has no claim whose rows are all run/],
    [[...run, '--rows', 'near,twin'], /decide has no claim whose rows are all run: there is nothing to decide/],
    [
      ['run', 'decide.yaml', '--until-decided', '--max-seeds', '1'],
      /decide has 2 seeds \(0, 1\): expected --max-seeds/,
    ],
    [['run', 'decide.yaml', '--max-seeds', '3'], /--max-seeds: has a meaning beside --until-decided only/],
    [[...run, '--rehearsal'], /--until-decided: the numbers of a rehearsal mean nothing/],
    [['plan', 'decide.yaml', '--until-decided'], /--until-decided: how many seeds it takes only the results tell/],
  ];
  for (const [args, said] of refusals) {
    const { code, stderr } = await story.run(args, { stages });
    expect([args, code, stderr]).toEqual([args, 2, expect.stringMatching(said)]);
  }
});
