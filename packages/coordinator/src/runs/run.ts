// One run, from the plan to its last stage: record it, take over what an earlier coordinator that died has left going,
// have the rest computed (session.ts), and say how it ended.
import { existsSync } from 'node:fs';
import { toCalmError, type Experiment, type Json } from '@calm-orch/core';
import { parseListen } from '@calm-orch/rpc';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { isArtifactWhole } from '../artifacts/damage.ts';
import type { Layout } from '../artifacts/layout.ts';
import { checkArtifacts, reuseOf, type CheckedArtifacts } from '../artifacts/reuse.ts';
import { launcherOf, type ClusterOptions } from '../launchers/launchers.ts';
import type { Launcher } from '../launchers/launcher.ts';
import type { Policy } from '../leases/policy.ts';
import type { CoordinatorEvent } from '../leases/records.ts';
import { importFoundation } from '../plan/foundation-artifact.ts';
import { planExperiment, type Plan, type PlanSources } from '../plan/plan.ts';
import { now, openSession, work, type Session, type SessionStages } from './session.ts';
import { endAll, findLegacy, type Legacy } from './takeover.ts';
import type { RunView } from './view.ts';
import type { Machine, WorkerCounts } from './worker-counts.ts';

export interface RunOptions {
  readonly experiment: Experiment;
  readonly sources: PlanSources;
  readonly layout: Layout;
  readonly tracker: Tracker;
  /** Of a new run: what people call it. @default none */
  readonly tags?: readonly string[];
  /** Goes on with this run; else a new one is recorded. */
  readonly resume?: string;
  readonly versions: Json;
  readonly machineFacts: Json;
  readonly machine: Machine;
  readonly counts: WorkerCounts;
  /** Program that `<role> <index>` is passed to. */
  readonly workerScript: string;
  /** `127.0.0.1:PORT` instead of a Unix socket; another address: beside it, for workers of other hosts. */
  readonly listen?: string;
  /** Starts the workers by a cluster's queue. @default as processes of this host */
  readonly cluster?: ClusterOptions;
  readonly policy?: Partial<Policy>;
  /** Aborted: workers save checkpoints and stop, the run ends as cancelled. */
  readonly signal: AbortSignal;
  /** What else must hold before the run is recorded: throws where a stage that is not done could not be done. */
  readonly check?: (plan: Plan, isDone: (key: string) => boolean) => Promise<void>;
  /** Once all stages have succeeded: the run with further seeds, to go on with; null: it is done. @default it is */
  readonly extend?: (run: { readonly run: RunRecord; readonly seeds: readonly number[] }) => Promise<Experiment | null>;
  /** Again each time the run is extended. */
  readonly onStart?: (started: StartedRun) => void;
  readonly onEvent?: (event: CoordinatorEvent) => void;
  /** Another command asks for the end of the run, at once or in order. */
  readonly onStop?: (now: boolean) => void;
}

/** A run under way. */
export interface StartedRun {
  readonly run: RunRecord;
  readonly plan: Plan;
  readonly numReused: number;
  /** Artifacts that were damaged and are made again, each in a few words. */
  readonly damaged: readonly string[];
  /** Workers of an earlier coordinator that go on. */
  readonly numTakenOver: number;
  view(): RunView;
  /** Ends all worker processes at once; for a second Ctrl-C. */
  killWorkers(): void;
}

export interface RunSummary {
  readonly runId: string;
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  readonly numExecuted: number;
  readonly numReused: number;
  readonly numSkipped: number;
  readonly failures: readonly { readonly label: string; readonly reason: string }[];
}

/** @throws CalmError when the run cannot be planned, recorded or served; the record then says so too. */
export async function runExperiment(options: RunOptions): Promise<RunSummary> {
  const { tracker, listen } = options;
  if (listen !== undefined) parseListen(listen);
  const planned = await planAndCheck(options);
  const legacy = findLegacy(options);
  const run = record(options, planned.plan, legacy.before !== null);
  try {
    const launcher = await launcherOf(options, run, legacy);
    if (legacy.before === null) await endAll(tracker, run.id);
    const summary = await workAll(options, run, planned, { legacy, launcher });
    const error = summary.failures.map(({ label, reason }) => `${label}: ${reason}`).join('; ');
    tracker.endRun(run.id, summary.status, error === '' ? {} : { error });
    return summary;
  } catch (error) {
    try {
      tracker.endRun(run.id, 'failed', { error: toCalmError(error).message });
    } catch {
      // A tracker that cannot be written (no space left) is what ended the run; without an end it shows as interrupted.
    }
    throw error;
  }
}

interface Planned {
  readonly plan: Plan;
  readonly checked: CheckedArtifacts;
}

async function planAndCheck({ experiment, sources, layout, tracker, signal, check }: RunOptions): Promise<Planned> {
  const plan = planExperiment(experiment, sources);
  const checked = await checkArtifacts(tracker, layout, plan.stages, signal);
  await check?.(plan, (key) => checked.whole.has(key));
  return { plan, checked };
}

/** Session after session, as long as the run is extended. */
async function workAll(
  first: RunOptions,
  recorded: RunRecord,
  planned: Planned,
  { legacy, launcher }: { readonly legacy: Legacy; readonly launcher: Launcher },
): Promise<RunSummary> {
  const { tracker } = first;
  const startedMs = now();
  const made = new Set<string>();
  let [options, run] = [first, recorded];
  for (let { plan, checked } = planned, left = legacy; ; left = { ...legacy, before: null }) {
    const known = claimStages(options, run.id, plan, checked);
    const session = openSession(options, { run, plan, known, legacy: left, launcher, startedMs, made });
    await work(session);
    const experiment = session.next ?? null;
    if (experiment === null) return summarize(session);
    for (const { key, reused } of session.coordinator.stages) if (!reused) made.add(key);
    options = { ...options, experiment };
    ({ plan, checked } = await planAndCheck(options));
    const { resolved, hash } = experiment;
    run = tracker.extendRun(run.id, { resolved, hash, trials: plan.trials });
  }
}

function record(options: RunOptions, { trials }: Plan, keepAttempts: boolean): RunRecord {
  const { experiment, resume, tracker, versions, machineFacts: machine, tags = [] } = options;
  const { pid } = process;
  if (resume !== undefined) return tracker.resumeRun(resume, { pid, keepAttempts });
  const { name, title, path, resolved, hash } = experiment;
  return tracker.createRun({ experiment: name, title, path, resolved, hash, versions, pid, trials, machine, tags });
}

/** Records the plan's stages: which are there, which another run makes; what is damaged is made again. */
function claimStages(
  { experiment, sources, layout, tracker }: RunOptions,
  runId: string,
  plan: Plan,
  checked: CheckedArtifacts,
): SessionStages {
  const reused = new Set<string>();
  const damaged: string[] = [];
  const foreign = tracker.upsertStages(runId, () =>
    plan.stages.map((stage) => {
      const { key, label } = stage;
      const reuse = reuseOf(tracker, layout, checked, key);
      if (reuse.isWhole) reused.add(key);
      if (reuse.problem !== null) damaged.push(`${label}: ${reuse.problem}`);
      // Finished items whose files somebody has removed are to be done again.
      const restart = !reuse.isWhole && !existsSync(layout.staging(key)) && !isArtifactWhole(layout, key);
      return { ...stage, reuse: reuse.isWhole, restart };
    }),
  );
  damaged.push(...importFoundation(layout, experiment, (config) => sources.foundation(config)));
  for (const what of damaged) tracker.note(runId, `damaged, made again: ${what}`);
  return { reused, foreign, damaged };
}

function summarize({ run, coordinator, options, next, made }: Session): RunSummary {
  const { stages } = coordinator;
  const count = (state: string): number => stages.filter((stage) => stage.state === state).length;
  const failures = stages.flatMap(({ state, label, error }) => (state === 'failed' ? [{ label, reason: error! }] : []));
  // Whether to go on was to be asked yet.
  const isCutShort = options.signal.aborted && options.extend !== undefined && next === undefined;
  const done = !isCutShort && stages.every(({ state }) => state === 'succeeded');
  const numReused = stages.filter(({ key, reused }) => reused && !made.has(key)).length;
  return {
    runId: run.id,
    status: done ? 'succeeded' : options.signal.aborted ? 'cancelled' : 'failed',
    numExecuted: count('succeeded') - numReused,
    numReused,
    numSkipped: count('skipped'),
    failures,
  };
}
