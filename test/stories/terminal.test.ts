// At a terminal, and when it goes: an SSH connection is lost, a window is closed. What that means for a run, its workers and computations.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';
import { hasTerminals, openTerminal } from './terminal.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(async () => {
  for (const { pid } of story.processes()) process.kill(pid, 'SIGKILL');
  await story.close();
});

const run = 'calm-orch run story.yaml --trainers 1 --augmentors 1';
const trainingReaches = (steps: number) => () => story.lines('steps').length >= steps;
const status = (): string => story.tracker((tracker) => tracker.getRun('story-1').status);

/** All attempts: nobody was lost on the way. */
const lostAttempts = (): number =>
  story.tracker(
    (tracker) => tracker.listAttempts('story-1').filter((attempt) => attempt.status !== 'succeeded').length,
  );

if (!hasTerminals) console.warn('terminals are not tested: there is no python3 with its pty module');

describe.skipIf(!hasTerminals)('at a terminal', () => {
  it('gc asks, and frees after a yes alone', async () => {
    expect((await story.run(['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'])).code).toBe(0);
    const artifacts = (): number => readdirSync(join(story.dir, 'runs/artifacts')).length;
    const answered = async (answer: string): Promise<string> => {
      const terminal = openTerminal(story, 'calm-orch gc --keep 0');
      await until('it asks', () => terminal.text().includes('? [y/N] '));
      terminal.type(answer);
      await terminal.ended;
      return terminal.text();
    };
    const before = artifacts();
    expect([await answered('\n'), artifacts()]).toEqual([
      expect.stringMatching(/Would free .*Nothing was freed\./s),
      before,
    ]);
    expect([await answered('y\n'), artifacts()]).toEqual([expect.stringMatching(/Freed \S+ MiB in \d+ folders/), 0]);
  });
});

describe.skipIf(!hasTerminals)('init', () => {
  it('asks for what flags leave open, again where an answer is none, and writes nothing after Ctrl-C', async () => {
    const terminal = openTerminal(story, 'calm-orch init asked.yaml --seeds 3');
    const answer = async (question: string, typed: string): Promise<void> => {
      await until(`it asks: ${question}`, () => terminal.text().includes(question));
      terminal.type(`${typed}\r`);
    };
    await answer('Which table? [table-5-mfam]', '');
    await answer('Which rows?', 'thematic,non');
    await answer('unknown row `non`', 'thematic,all');
    await answer('Sizes: nano', '');
    await answer('How many trainers', '2');
    await terminal.ended;
    expect(terminal.text()).not.toContain('Which seeds?');
    expect(readFileSync(join(story.dir, 'asked.yaml'), 'utf8')).toMatch(
      /\nrows: \[thematic, all\]\n[^]*\npreset: nano\n[^]*\nseeds: \[3\]\n[^]*\ntrainers: 2\n/,
    );
    const left = openTerminal(story, 'calm-orch init left.yaml');
    await until('it asks', () => left.text().includes('Which table? ['));
    left.type('\u0003');
    await left.ended;
    expect(left.text()).toContain('calm-orch: nothing was written');
    expect(readdirSync(story.dir)).not.toContain('left.yaml');
  });
});

describe.skipIf(!hasTerminals)('the bell', () => {
  it('rings at the end of a run that was asked to, on a terminal alone', async () => {
    const terminal = openTerminal(story, `${run} --bell`);
    await terminal.ended;
    expect([status(), terminal.text().split('\u0007').length - 1]).toEqual(['succeeded', 1]);
    expect((await story.run(['run', 'story.yaml', '--bell'])).stdout).not.toContain('\u0007');
  });
});

describe.skipIf(!hasTerminals)('when the terminal goes', () => {
  it.each([
    ['was started with nohup', `nohup ${run}; true`],
    ['has a shell that ignores hangups, and printing to nobody is no error', `trap '' HUP; ${run}; true`],
  ])('a run goes on to its end that %s', async (_, commandLine) => {
    const terminal = openTerminal(story, commandLine, { stepMs: 40 });
    await until('training is under way', trainingReaches(8));
    await terminal.hangUp();
    await until('the run has ended', () => status() !== 'running');
    expectUndisturbedResults(story, 'story-1');
    expect([status(), lostAttempts(), story.lines('saved-on-cancel')]).toEqual(['succeeded', 0, []]);
    await until('all its processes are gone', () => story.processes().length === 0);
  });

  it('any other run saves checkpoints and ends as cancelled, though it is hung up twice; resume goes on', async () => {
    const terminal = openTerminal(story, `${run}; true`, { stepMs: 200 });
    await until('training is under way', trainingReaches(4));
    await terminal.hangUp();
    await until('all its processes are gone', () => story.processes().length === 0);
    expect([status(), story.lines('saved-on-cancel').length]).toEqual(['cancelled', 1]);
    expect(readdirSync(story.dir).filter((name) => name.startsWith('core'))).toEqual([]);
    const resumed = await story.run(['resume', '--trainers', '1', '--augmentors', '1']);
    expect(resumed.code).toBe(0);
    expectUndisturbedResults(story, 'story-1');
    expect(story.lines('steps')).toHaveLength(120);
  });

  it('a run in the background goes on', async () => {
    const terminal = openTerminal(story, `${run} --detach; sleep 100`, { stepMs: 40 });
    await until('training is under way', trainingReaches(8));
    expect(terminal.text()).toContain('Run story-1 goes on in the background');
    await terminal.hangUp();
    await until('the run has ended', () => status() !== 'running');
    expect([status(), lostAttempts()]).toEqual(['succeeded', 0]);
    expect(readdirSync(join(story.dir, 'runs/logs/story-1'))).toContain('coordinator.log');
  });
});
