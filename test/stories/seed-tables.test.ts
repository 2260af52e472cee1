// A run of several seeds: the table is there once the first seed is complete, and again with each further one.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeStory, until, type Story } from './story.test-util.ts';
import { hasTerminals, openTerminal } from './terminal.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const run = ['run', 'story.yaml', '--seeds', '4,0,1', '--trainers', '1', '--augmentors', '1'];

/** Counts of seeds in the tables of a text, one line a row. */
const seedsOfRows = (text: string): string[] =>
  [...text.matchAll(/^(all|thematic) .* (\d+)\r?$/gm)].map(([, row, n]) => `${row} ${n}`);

it('works off seeds in turn and prints the table of each beside plain output, which ends with that of all', async () => {
  const ended = await story.run(run, { stepMs: 10 });
  expect(ended.code).toBe(0);
  expect(ended.stderr.match(/^After .*$/gm)).toEqual(['After seed 4 of 4, 0, 1:', 'After seeds 4, 0 of 4, 0, 1:']);
  expect(seedsOfRows(ended.stderr)).toEqual(['all 1', 'thematic 1', 'all 2', 'thematic 2']);
  expect(seedsOfRows(ended.stdout)).toEqual(['all 3', 'thematic 3']);
  // Later seeds fill the time until the data are there, no more.
  const trained = story.tracker((tracker) =>
    tracker
      .listRunStages('story-1')
      .filter(({ kind }) => kind === 'finetune-score')
      .sort((a, b) => a.startedMs! - b.startedMs!)
      .map(({ trials }) => trials[0]!.seed),
  );
  expect(trained).toEqual([4, 4, 0, 0, 1, 1]);
  // What is complete already is the table of the end alone.
  const again = await story.run([...run, '--json']);
  expect([again.code, again.stderr.includes('After')]).toEqual([0, false]);
  const [table] = (JSON.parse(again.stdout) as { tables: { rows: { metrics: { PLCC: { n: number } } }[] }[] }).tables;
  expect(table!.rows.map(({ metrics }) => metrics.PLCC.n)).toEqual([3, 3]);
});

it('shows who attaches, and who resumes, the table of the seeds that are complete', async () => {
  const first = story.start(run, { stepMs: 60 });
  await until('the second seed is trained', () => story.lines('steps').length >= 125);
  const watched = story.start(['attach', '--json']);
  let said = '';
  watched.child.stderr!.on('data', (chunk) => (said += chunk));
  await until('it has printed the table of the first', () => said.includes('After seed 4 of 4, 0, 1:'));
  expect((await first.kill('SIGINT')).code).toBe(130);
  expect(JSON.parse((await watched.ended).stdout)).toMatchObject({ status: 'cancelled' });
  expect(said.match(/^After .*$/gm)).toEqual(['After seed 4 of 4, 0, 1:']);
  const resumed = await story.run(['resume', '--trainers', '1', '--augmentors', '1']);
  expect(resumed.code).toBe(0);
  expect(resumed.stderr.match(/^After .*$/gm)).toEqual(['After seed 4 of 4, 0, 1:', 'After seeds 4, 0 of 4, 0, 1:']);
});

it.skipIf(!hasTerminals)('stands above the progress at a terminal, and is filled below it meanwhile', async () => {
  const terminal = openTerminal(story, `calm-orch ${run.join(' ')}`, { stepMs: 10 });
  await terminal.ended;
  expect(seedsOfRows(terminal.text())).toEqual([1, 2, 3].flatMap((n) => [`all ${n}`, `thematic ${n}`]));
  // Waiting, computed, with its first number.
  for (const cells of [/ {2}all +○ +○ +○○○/, / {2}all +◐ +◐ +◐/, / {2}all +0\.\d{3} +0\.500 +●[◐○]/])
    expect(terminal.text()).toMatch(cells);
});
