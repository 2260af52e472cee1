// Runs an experiment twice, quietly and under faults, each in an empty run folder of its own, and compares what comes out:
// fingerprints, table, recorded numbers, and the ledger of the disturbed run.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CalmError } from '@calm-orch/core';
import type { Audit, AuditedStage } from '@calm-orch/coordinator';
import { collectTables, renderTables } from '@calm-orch/report';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { disturbedEnvironment } from './disturbed-environment.ts';
import { stageKinds } from '../run/stage-kinds.ts';
import { planFaults, type FaultKind } from './faults.ts';
import { inject } from './inject.ts';
import { isFlip, planFault, type Flip, type PlantedFault, type PlantedKind } from './planted-fault.ts';

export interface ChaosOptions {
  /** calm-orch itself. */
  readonly program: string;
  /** What follows `run`: the experiment. */
  readonly experiment: readonly string[];
  /** Options of `run` and `resume` alike. */
  readonly processes: readonly string[];
  /** Folder for both run folders; emptied first. */
  readonly dir: string;
  readonly numFaults: number;
  readonly seed: number;
  /** Plants a fault in the training of the disturbed run, which must be found; `any`: one of `misledKinds`. */
  readonly selfTest: PlantedKind | 'any' | null;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface InjectedFault {
  readonly kind: FaultKind;
  readonly target: string;
  /** Seconds since the disturbed run began. */
  readonly at: number;
}

export interface ChaosReport {
  readonly faults: readonly InjectedFault[];
  readonly fingerprintsEqual: boolean;
  readonly tablesEqual: boolean;
  readonly metricsEqual: boolean;
  readonly ledgerOk: boolean;
  /** What the audit of the disturbed run says is wrong. */
  readonly problems: readonly string[];
  readonly planted?: PlantedFault & { readonly stage: string; readonly found: boolean };
  /** Times the run had to be resumed. */
  readonly resumes: number;
  readonly quietSeconds: number;
  readonly disturbedSeconds: number;
}

const maxResumes = 40;
/** Before that, hardly a process is there to be hit. */
const firstFaultMs = 3000;

/** @throws CalmError `internal` when either run does not succeed in the end. */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { dir, onLine, numFaults, seed } = options;
  rmSync(dir, { recursive: true, force: true });
  const [quietDir, disturbedDir] = [join(dir, 'quiet'), join(dir, 'disturbed')];
  for (const each of [quietDir, disturbedDir]) mkdirSync(each, { recursive: true });

  onLine(`Quiet run in ${quietDir}`);
  const quietStart = performance.now();
  const code = await start(options, quietDir, 'run').ended;
  if (code !== 0) throw failed(options, quietDir, `the quiet run ended with exit code ${code}`);
  const quietMs = performance.now() - quietStart;

  const { auditRun } = await import('@calm-orch/coordinator');
  const audit = (each: string): Audit =>
    withTracker(each, (tracker) => auditRun(tracker, tracker.findRun().id, stageKinds));
  const planted = plan(options, audit(quietDir).stages);

  onLine(`Disturbed run in ${disturbedDir}: ${numFaults} faults, seed ${seed}`);
  const disturbedStart = performance.now();
  const { faults, resumes } = await disturb(options, disturbedDir, quietMs, planted);
  const [quiet, disturbed] = [quietDir, disturbedDir].map((each) => withTracker(each, outcomeOf)) as [Outcome, Outcome];
  const audited = audit(disturbedDir);
  return {
    faults,
    fingerprintsEqual: quiet.fingerprints === disturbed.fingerprints,
    tablesEqual: quiet.table === disturbed.table,
    metricsEqual: quiet.metrics === disturbed.metrics,
    ledgerOk: audited.ok,
    problems: audited.stages.flatMap((stage) => stage.problems.map((problem) => `${nameOf(stage)}: ${problem}`)),
    ...(planted && {
      planted: judged(planted, audited, isFlip(planted) && (await isSeen(options, disturbedDir, planted, audited))),
    }),
    resumes,
    quietSeconds: quietMs / 1000,
    disturbedSeconds: (performance.now() - disturbedStart) / 1000,
  };
}

const nameOf = ({ kind, key }: Pick<AuditedStage, 'kind' | 'key'>): string => `${kind} ${key.slice(0, 8)}`;

function plan({ selfTest, seed }: ChaosOptions, stages: readonly AuditedStage[]): PlantedFault | undefined {
  if (selfTest === null) return undefined;
  const planted = planFault(seed, stages, selfTest === 'any' ? undefined : selfTest);
  if (planted !== null) return planted;
  throw new CalmError('invalid_argument', 'chaos: several trainers shared no stage; take fewer rows, or more steps');
}

/** Of a replica: the trainers of the stage have found that their states differ. Of a slice: they have not, a replay does. */
async function isSeen(
  { onLine, seed, signal }: ChaosOptions,
  dir: string,
  { kind, stageKey }: Flip,
  { stages }: Audit,
): Promise<boolean> {
  const tracker = openTracker(dir, { access: 'read' });
  try {
    const run = tracker.findRun();
    const hasDiffered = tracker
      .listAttempts(run.id, stageKey)
      .some(({ error }) => error?.includes('should have one state') ?? false);
    if (kind === 'flip-replica') return hasDiffered;
    const { layoutOf } = await import('@calm-orch/coordinator');
    const { replayRun } = await import('../replay/replay.ts');
    const options = { layout: layoutOf(dir), count: Infinity, seed, log: onLine, signal, only: stageKey };
    const { replayed } = await replayRun(tracker, run, stages, options);
    return !hasDiffered && replayed.filter(({ differing }) => differing.length > 0).length === 1;
  } finally {
    tracker.close();
  }
}

/** Found: the audit names the stage, and the step as the first that is wrong; `isSeen`: a flipped bit was. */
export function judged(planted: PlantedFault, { stages }: Audit, isSeen = false): NonNullable<ChaosReport['planted']> {
  const stage = stages.find(({ key }) => key === planted.stageKey);
  return {
    ...planted,
    stage: stage === undefined ? planted.stageKey : nameOf(stage),
    found: isFlip(planted) ? isSeen : stage?.wrong[0]?.step === planted.step,
  };
}

/** Runs, hits, resumes, until the run has succeeded. */
async function disturb(
  options: ChaosOptions,
  dir: string,
  quietMs: number,
  planted: PlantedFault | undefined,
): Promise<{ faults: InjectedFault[]; resumes: number }> {
  const { numFaults, seed, onLine, signal } = options;
  const startedMs = performance.now();
  const faults: InjectedFault[] = [];
  const pending = planFaults(seed, numFaults, quietMs);
  let resumes = 0;
  const env = disturbedEnvironment(dir, planted);
  let running = start(options, dir, 'run', env);
  let dueMs = startedMs + firstFaultMs;
  for (;;) {
    const waitMs = pending.length === 0 ? 1000 : Math.max(20, dueMs - performance.now());
    const ended = await Promise.race([running.ended.then((exit) => ({ exit })), sleep(waitMs).then(() => null)]);
    if (signal.aborted) throw failed(options, dir, 'cancelled');
    if (ended?.exit === 0) return { faults, resumes };
    if (ended !== null) {
      if (++resumes > maxResumes) throw failed(options, dir, `the run did not succeed after ${maxResumes} resumes`);
      // A run killed before it was recorded begins anew.
      const isRecorded = withTracker(dir, (tracker) => tracker.listRuns().length > 0);
      running = start(options, dir, isRecorded ? 'resume' : 'run', env);
      continue;
    }
    const next = pending[0];
    if (next === undefined || performance.now() < dueMs) continue;
    const target = inject(next, running.child, dir);
    if (target === null) {
      dueMs = performance.now() + 200;
      continue;
    }
    pending.shift();
    dueMs = performance.now() + next.afterMs;
    const at = Math.round(performance.now() - startedMs) / 1000;
    faults.push({ kind: next.kind, target, at });
    onLine(`  ${at.toFixed(1)} s: ${next.kind} (${target})`);
  }
}

interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

function start(options: ChaosOptions, dir: string, command: 'run' | 'resume', env = process.env): RunningProgram {
  const { program, experiment, processes, signal } = options;
  const log = openSync(join(dir, 'chaos.log'), 'a');
  const args = [command, ...(command === 'run' ? experiment : []), ...processes, '--dir', dir];
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', log, log] });
  closeSync(log);
  const stop = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  const ended = new Promise<number | null>((resolve) =>
    child.once('exit', (code) => {
      signal.removeEventListener('abort', stop);
      resolve(code);
    }),
  );
  return { child, ended };
}

interface Outcome {
  readonly fingerprints: string;
  readonly table: string;
  readonly metrics: string;
}

/** As text, to be compared. */
function outcomeOf(tracker: Tracker): Outcome {
  const run = tracker.findRun();
  return {
    fingerprints: JSON.stringify(run.trials.map(({ row, seed, fingerprint }) => [row, seed, fingerprint])),
    table: renderTables(collectTables(tracker, run), 'text'),
    metrics: JSON.stringify(tracker.listRunStages(run.id).map(({ key }) => [key, tracker.listMetrics(key)])),
  };
}

function withTracker<T>(dir: string, read: (tracker: Tracker) => T): T {
  const tracker = openTracker(dir);
  try {
    return read(tracker);
  } finally {
    tracker.close();
  }
}

function failed({ signal }: ChaosOptions, dir: string, why: string): CalmError {
  if (signal.aborted) return new CalmError('cancelled', 'chaos was cancelled');
  return new CalmError('internal', `chaos: ${why}; what it printed is in ${join(dir, 'chaos.log')}`);
}
