// Three hosts on one machine for tests: networks, names, shared memory and folders of their own, processes on them, and what
// the run folder of one of them says afterwards.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTracker, type Tracker } from '@calm-orch/tracker';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'packages/cli/bin/calm-orch.js');
const script = (name: string): string => join(root, 'test/hosts', name);

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  output(): string;
}

export interface Hosts {
  /** Null: they could be made. */
  readonly problem: string | null;
  /** What names of interfaces begin with. */
  readonly name: string;
  /** The first three numbers of all addresses: host I has `<subnet>.<I>`. */
  readonly subnet: string;
  /** The folder of a host, for who looks from outside. */
  folder(host: number): string;
  /** The same for itself. */
  readonly home: string;
  /** The program on a host. */
  on(host: number, args: readonly string[], env?: NodeJS.ProcessEnv): Process;
  /** Any command, on no host. */
  start(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Process;
  /** Any command of this folder or the system on a host's network. */
  startOn(host: number, command: string, args: readonly string[]): Process;
  /** A trainer there, which joins with a token. */
  guest(host: number, token: string, ...args: readonly string[]): Process;
  /** Cuts a host off, or heals that. */
  link(host: number, state: 'up' | 'down'): void;
  /** Ends a host with everything on it, at once. */
  kill(host: number): void;
  /** A token for so many trainers, of the run on a host. */
  token(host: number, uses: number): Promise<string>;
  read<T>(runs: string, look: (tracker: Tracker) => T): T;
  fingerprints(runs: string): (string | null)[];
  /** What all processes have printed last. */
  outputs(): string;
  close(): void;
}

/** Needs root and iproute2. */
export function makeHosts(): Hosts {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-hosts-'));
  const name = `co${process.pid % 1e6}`;
  const subnet = `10.77.${process.pid % 250}`;
  const running = new Map<ChildProcess, number | null>();
  const all: { readonly what: string; readonly output: () => string }[] = [];
  let problem: string | null = null;
  try {
    execFileSync(script('up.sh'), [name, subnet], { stdio: 'pipe' });
  } catch (error) {
    problem = (error as Error).message.split('\n').at(-2) ?? 'unknown';
    console.log(`hosts not tried: network namespaces cannot be made here (${problem})`);
  }
  const begin = (host: number | null, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, which ends with all of its children.
      detached: true,
    });
    running.set(child, host);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })));
    child.once('close', () => running.delete(child));
    all.push({ what: `host ${host}: ${args.slice(4).join(' ')}`, output: () => output });
    return { child, ended, output: () => output };
  };
  const kill = (host?: number): void => {
    for (const [child, on] of running) if (host === undefined || on === host) process.kill(-child.pid!, 'SIGKILL');
  };
  const read: Hosts['read'] = (runs, look) => {
    const tracker = openTracker(runs, { access: 'read' });
    try {
      return look(tracker);
    } finally {
      tracker.close();
    }
  };
  const on: Hosts['on'] = (host, args, env) =>
    begin(host, script('on.sh'), [name, String(host), dir, process.execPath, program, ...args], env);
  const home = join(dir, 'home');
  return {
    problem,
    name,
    subnet,
    home,
    folder: (host) => join(dir, `host-${host}`),
    on,
    start: (command, args, env) => begin(null, command, args, env),
    startOn: (host, command, args) =>
      begin(host, 'ip', [
        'netns',
        'exec',
        `${name}-${host}`,
        command,
        ...args.map((arg) => (existsSync(script(arg)) ? script(arg) : arg)),
      ]),
    guest: (host, token, ...args) =>
      on(host, ['worker', '--cache', join(home, 'cache'), ...args], { CALM_ORCH_JOIN: token }),
    link: (host, state) => void execFileSync('ip', ['link', 'set', `${name}v${host}`, state]),
    kill,
    token: async (host, uses) => {
      const args = ['--role', 'trainer', '--uses', String(uses), '--dir', join(home, 'runs')];
      const { output } = await on(host, ['token', 'create', ...args]).ended;
      if (/^K10[0-9a-f]{64}::\S+\n$/.test(output)) return output.trim();
      throw new Error(`no token: ${output}`);
    },
    read,
    fingerprints: (runs) =>
      read(runs, (tracker) => tracker.getRun('smoke-1').trials.map(({ fingerprint }) => fingerprint)),
    outputs: () => all.map(({ what, output }) => `== ${what.slice(0, 100)}\n${output().slice(-2500)}`).join('\n'),
    close: () => {
      kill();
      if (problem === null) execFileSync(script('down.sh'), [name]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A minute of work for one host. */
export const smoke: readonly string[] = [
  'run',
  'experiments/smoke.yaml',
  '--rows',
  'all',
  '--seeds',
  '0',
  ...['numTrain=60', 'numTest=30', 'numUnlabeled=60', 'numGeneric=30'].flatMap((size) => ['--set', `data.${size}`]),
  ...['pretrainSsl=20', 'pretrainGeneric=20', 'finetuneComment=60', 'finetuneScore=120'].flatMap((stage) => [
    '--set',
    stage.replace('=', '.steps='),
  ]),
  '--gang-min-left',
  '0',
];
