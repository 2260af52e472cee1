// Runs of the real program with real training, each in a run folder of its own, and all they leave that must not depend
// on who computed it.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { auditRun, type Audit } from '@calm-orch/coordinator';
import { collectTables, renderTables } from '@calm-orch/report';
import { openTracker, type AttemptRecord, type MetricCurve } from '@calm-orch/tracker';
import { stageKinds } from '../../packages/cli/src/run/stage-kinds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'packages/cli/bin/calm-orch.js');

const settings = (values: Readonly<Record<string, number>>): string[] =>
  Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

const fewPhotographs = settings({
  'data.numTrain': 60,
  'data.numTest': 20,
  'data.numUnlabeled': 20,
  'data.numGeneric': 20,
});

/** The smoke test as small as it goes. */
export const fewSteps: readonly string[] = [
  ...fewPhotographs,
  ...settings({
    'pretrainSsl.steps': 3,
    'pretrainGeneric.steps': 3,
    'finetuneComment.steps': 3,
    'finetuneScore.steps': 3,
  }),
];

/** The smoke test's full row, as small as lets trainers gang up and be killed in the middle. */
export const smallRun: readonly string[] = [
  ...['--rows', 'all', '--augmentors', '1', '--gang-min-left', '0'],
  ...fewPhotographs,
  ...settings({ 'finetuneScore.steps': 200, 'finetuneComment.steps': 20, 'train.checkpointEverySeconds': 1 }),
];

/** Two rows and two seeds, trained until they answer with numbers. */
export const judged: readonly string[] = [
  ...['run', 'experiments/smoke.yaml', '--seeds', '0,1', '--trainers', '1', '--augmentors', '1', ...fewSteps],
  ...settings({ 'finetuneComment.steps': 20, 'finetuneScore.steps': 40 }),
  ...['--set', 'evaluate.suggestions=true'],
];

const runsMadeOnce = {
  /** By one trainer that nobody disturbs: what all others must come to. */
  undisturbed: ['run', 'experiments/smoke.yaml', ...smallRun, '--trainers', '1'],
  judged,
} as const;

export interface RealRun {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  text(): string;
}

export interface Outcome {
  readonly equal: {
    readonly fingerprints: readonly (readonly [kind: string, fingerprint: string | null])[];
    readonly table: string;
    readonly metrics: readonly (readonly MetricCurve[])[];
  };
  readonly audit: Audit;
  /** Stages that several trainers computed. */
  readonly shared: number;
  readonly attempts: readonly AttemptRecord[];
}

export interface RealRuns {
  /** The program in the run folder of this name. */
  start(folder: string, args: readonly string[], env?: NodeJS.ProcessEnv): RealRun;
  outcome(folder: string): Outcome;
  /** Weights, numbers and table: what a coordinator that is killed leaves as it is. */
  results(folder: string): unknown;
  /** A copy of a run that is made once for all files. */
  copy(name: keyof typeof runsMadeOnce, folder: string): Promise<void>;
  folder(folder: string): { readonly dir: string };
  close(): void;
}

export function makeRealRuns(): RealRuns {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-gangs-'));
  const children = new Set<ChildProcess>();
  const runs: RealRuns = {
    start: (folder, args, env = {}) => {
      const child = spawn(process.execPath, [program, ...args, '--dir', join(dir, folder)], {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.add(child);
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
      return { child, ended: new Promise((resolve) => child.once('exit', resolve)), text: () => text };
    },
    folder: (folder) => ({ dir: join(dir, folder) }),
    copy: async (name, folder) => cpSync(await madeOnce(name), join(dir, folder), { recursive: true }),
    outcome: (folder) => {
      const tracker = openTracker(join(dir, folder), { access: 'read' });
      try {
        const run = tracker.findRun();
        const stages = tracker.listRunStages(run.id);
        const audit = auditRun(tracker, run.id, stageKinds);
        return {
          equal: {
            fingerprints: stages.map(({ kind, result }) => [kind, result?.fingerprint ?? null]),
            table: renderTables(collectTables(tracker, run), 'text'),
            metrics: stages.map(({ key }) => tracker.listMetrics(key)),
          },
          audit,
          shared: audit.stages.filter(({ workers }) => workers.length > 1).length,
          attempts: tracker.listAttempts(run.id),
        };
      } finally {
        tracker.close();
      }
    },
    results: (folder) => ({ ...runs.outcome(folder).equal, metrics: null }),
    close: () => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return runs;
}

/** @returns Its folder */
async function madeOnce(name: keyof typeof runsMadeOnce): Promise<string> {
  const dir = join(inject('madeOnce'), name);
  const ending = `${dir}.ending`;
  if (mkdirSync(dir, { recursive: true }) !== undefined) {
    const args = [program, ...runsMadeOnce[name], '--dir', dir];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    writeFileSync(ending, code === 0 ? '' : `ended with ${code}:\n${text}`);
  }
  while (!existsSync(ending)) await sleep(100);
  const problem = readFileSync(ending, 'utf8');
  if (problem !== '') throw new Error(`the run '${name}' ${problem}`);
  return dir;
}

export const isTraining = (run: RealRun): boolean => /finetune-score: step \d/.test(run.text());

/** Processes below `parent` whose command line matches. */
export function pidsOf(parent: number, pattern: RegExp): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const all = lines.map((line) => {
    const [, pid, ppid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
    return { pid: Number(pid), parent: Number(ppid), args: args! };
  });
  const below = (pid: number): typeof all =>
    all.filter((each) => each.parent === pid).flatMap((each) => [each, ...below(each.pid)]);
  return below(parent).flatMap(({ pid, args }) => (pattern.test(args) ? [pid] : []));
}
