// A stage for stories: a temporary folder, an experiment in it, the built program as a child process, and what the
// tracker and /proc say of it afterwards. Stage functions are those of fixtures/stages.js: a module loaded before each
// process puts them in the place of the real ones.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';

// Every story starts a dozen processes; on a machine that is busy with others that alone takes half a minute.
vi.setConfig({ testTimeout: 300_000 });

export const program = fileURLToPath(new URL('../../packages/cli/bin/calm-orch.js', import.meta.url));
export const fixture = fileURLToPath(new URL('./fixtures/stages.js', import.meta.url));

const standIns = new URL('./fixtures/stand-ins.js', import.meta.url).href;

export interface Misbehaviour {
  readonly item?: number;
  readonly how: 'throw' | 'hang' | 'spin' | 'exit' | 'late';
  readonly times: number;
}

export interface StoryOptions {
  /** Pause after each of a training stage's 20 steps. @default 0 */
  readonly stepMs?: number;
  readonly misbehave?: Readonly<Record<string, Misbehaviour>>;
  /** How many GPUs are said to be there. @default 0 */
  readonly gpus?: number;
  /** Module with the stage functions, another than fixtures/stages.js. */
  readonly stages?: string;
  /** By arguments of a process, for instance `trainer 1`, or `all`: what names its engine. @default nothing does */
  readonly engines?: Readonly<Record<string, string>>;
  /** Whether it is as on another host that has no run folder: in a mount namespace whose `runs` is empty. @default false */
  readonly apart?: boolean;
  /** Variables beside those of this process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Of processes whose stages are the fixture's. */
export function storyEnvironment(
  dir: string,
  { environment, apart: _, ...asked }: StoryOptions = {},
): NodeJS.ProcessEnv {
  const all = { ...process.env, ...environment };
  const nodeOptions = `${all['NODE_OPTIONS'] ?? ''} --import ${standIns}`;
  return { ...all, NODE_OPTIONS: nodeOptions, CALM_TEST: JSON.stringify({ dir, ...asked }) };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): Promise<Ended>;
}

export interface Story {
  readonly dir: string;
  start(args: readonly string[], options?: StoryOptions): Running;
  run(args: readonly string[], options?: StoryOptions): Promise<Ended>;
  /** Another copy of the program, with the real stage functions. */
  runProgram(program: string, args: readonly string[]): Promise<Ended>;
  /** Reads the tracker; closed afterwards. */
  tracker<T>(read: (tracker: Tracker) => T): T;
  /** Lines that stage functions wrote. */
  lines(name: 'executions' | 'steps' | 'saved-on-cancel' | 'gpu-uses'): string[];
  /** Processes of this story that live, by title. */
  processes(): { readonly pid: number; readonly title: string }[];
  close(): Promise<void>;
}

/** Two rows, one seed: 17 stages, of them 6 of training. */
const experiment = (dir: string): string => `
rows:
  - row: all
  - row: thematic
    set: { mfam.levels: [thematic] }
set:
  foundation.checkpoint: ${join(dir, 'foundation.safetensors')}
  data: { numTrain: 400, numTest: 100, numUnlabeled: 300, numGeneric: 200 }
`;

export function makeStory(): Story {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-story-'));
  writeFileSync(join(dir, 'foundation.safetensors'), 'a checkpoint');
  writeFileSync(join(dir, 'story.yaml'), experiment(dir));
  const running = new Set<ChildProcess>();
  const start = (script: string, args: readonly string[], env: NodeJS.ProcessEnv, apart = false): Running => {
    const command = [...(apart ? without(join(dir, 'runs')) : []), process.execPath, script, ...args];
    const child = spawn(command[0]!, command.slice(1), { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const ended = endOf(child);
    const kill = (signal: NodeJS.Signals): Promise<Ended> => {
      child.kill(signal);
      return ended;
    };
    return { child, ended, kill };
  };
  const story: Story = {
    dir,
    runProgram: (copy, args) => start(copy, args, { ...process.env, CALM_TEST: JSON.stringify({ dir }) }).ended,
    start: (args, options) => start(program, args, storyEnvironment(dir, options), options?.apart),
    run: (args, options) => story.start(args, options).ended,
    tracker: (read) => {
      const tracker = openTracker(join(dir, 'runs'), { access: 'read' });
      try {
        return read(tracker);
      } finally {
        tracker.close();
      }
    },
    lines: (name) => {
      const path = join(dir, name);
      return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
    },
    processes: () => processesOf(dir),
    close: async () => {
      for (const child of running) child.kill('SIGKILL');
      await until('no process of the story lives', () => story.processes().length === 0);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return story;
}

/** What a command begins with that finds a folder empty. */
export const without = (dir: string): string[] => [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs none "$0" && exec "$@"',
  dir,
];

/** Whether this system lets us. */
export const canBeApart = (): boolean => {
  const [command, ...args] = [...without(tmpdir()), 'true'];
  return spawnSync(command, args).status === 0;
};

function endOf(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', (chunk) => (stdout += chunk));
  child.stderr!.on('data', (chunk) => (stderr += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

/** Every process carries the story's folder in its environment. Linux only; elsewhere nothing is found. */
function processesOf(dir: string): { pid: number; title: string }[] {
  if (!existsSync('/proc/self/environ')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((name) => {
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(dir)) return [];
      readlinkSync(`/proc/${name}/exe`);
      const title = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), title }];
    } catch {
      // It has ended since, or is a zombie.
      return [];
    }
  });
}

/** Waits for something to become true; fails the test after `withinMs`. */
export async function until(what: string, holds: () => boolean, withinMs = 100_000): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${withinMs / 1000} s in vain until ${what}`);
    await sleep(50);
  }
}

/** What 20 undisturbed steps make of a stage's key. */
export function expectedFingerprint(key: string): string {
  let weights = key;
  for (let step = 0; step < 20; step++) weights = createHash('sha256').update(`${weights}${step}`).digest('hex');
  return weights;
}

/** Every stage has succeeded and every training stage ended in the weights of an undisturbed one. */
export function expectUndisturbedResults(story: Story, runId: string): void {
  const stages = story.tracker((tracker) => tracker.listRunStages(runId));
  expect(stages.map(({ kind, status }) => `${kind} ${status}`).filter((text) => !text.endsWith(' succeeded'))).toEqual(
    [],
  );
  for (const { kind, key, result } of stages)
    if (/^(pretrain|finetune)/.test(kind))
      expect([kind, result?.fingerprint]).toEqual([kind, expectedFingerprint(key)]);
}
