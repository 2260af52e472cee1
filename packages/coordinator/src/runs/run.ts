// One run, from the plan to its last stage: record it, take over what an earlier coordinator that died has left going,
// start server and workers if anything is left to do, wait, and leave no process and no open file behind, however it ends.
import { existsSync } from 'node:fs';
import { CalmError, toCalmError, type Experiment, type Json, type Role } from '@calm-orch/core';
import { CoordinatorServiceService, listenAddress, RunServiceService } from '@calm-orch/rpc';
import type { RunRecord, RunWorker, Superseded, Tracker } from '@calm-orch/tracker';
import { serveRun, type RunConnection } from './connection.ts';
import { Coordinator } from '../leases/coordinator.ts';
import { isArtifactWhole } from '../artifacts/damage.ts';
import type { CoordinatorEvent, KnownStages } from '../leases/records.ts';
import { importFoundation } from '../plan/foundation-artifact.ts';
import type { Layout } from '../artifacts/layout.ts';
import { planExperiment, type Plan, type PlanSources } from '../plan/plan.ts';
import { defaultPolicy, type Policy } from '../leases/policy.ts';
import { checkArtifacts, reuseOf } from '../artifacts/reuse.ts';
import { createEventLog, runService, type EventLog } from './run-service.ts';
import { coordinatorService, serviceName } from '../leases/service.ts';
import { endAll, noLegacy, takeOver, workerCode, type Legacy } from './takeover.ts';
import { viewOf, type RunView } from './view.ts';
import { computeEnvironment, type Machine, type WorkerCounts } from './worker-counts.ts';
import { orAbandon, watch } from './watch.ts';
import { WorkerPool } from './worker-pool.ts';

export interface RunOptions {
  readonly experiment: Experiment;
  readonly sources: PlanSources;
  readonly layout: Layout;
  readonly tracker: Tracker;
  /** Goes on with this run; else a new one is recorded. */
  readonly resume?: string;
  readonly versions: Json;
  readonly machineFacts: Json;
  readonly machine: Machine;
  readonly counts: WorkerCounts;
  /** Program that `<role> <index>` is passed to. */
  readonly workerScript: string;
  /** `127.0.0.1:PORT` instead of a Unix socket. */
  readonly listen?: string;
  readonly policy?: Partial<Policy>;
  /** Aborted: workers save checkpoints and stop, the run ends as cancelled. */
  readonly signal: AbortSignal;
  /** What else must hold before the run is recorded: throws where a stage that is not done could not be done. */
  readonly check?: (plan: Plan, isDone: (key: string) => boolean) => Promise<void>;
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
  const { experiment, sources, layout, tracker, signal } = options;
  if (options.listen !== undefined) listenAddress(options.listen);
  const plan = planExperiment(experiment, sources);
  const checked = await checkArtifacts(tracker, layout, plan.stages, signal);
  await options.check?.(plan, (key) => checked.whole.has(key));
  const code = workerCode(sources);
  const legacy = options.resume === undefined ? noLegacy : takeOver(tracker, layout, options.resume, code);
  const run = record(options, plan, legacy);
  try {
    if (!legacy.isKept) await endAll(tracker, run.id);
    const reused = new Set<string>();
    const damaged: string[] = [];
    const foreign = tracker.upsertStages(run.id, () =>
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
    for (const what of damaged) tracker.note(run.id, `damaged, made again: ${what}`);
    const coordinator = await execute(options, run, plan, { reused, foreign, damaged }, { ...legacy, code });
    const summary = summarize(run.id, coordinator, signal.aborted);
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

function record(
  { experiment, resume, tracker, versions, machineFacts }: RunOptions,
  plan: Plan,
  { isKept }: Legacy,
): RunRecord {
  const { pid } = process;
  if (resume !== undefined) return tracker.resumeRun(resume, { pid, keepAttempts: isKept });
  const { name, title, path, resolved, hash } = experiment;
  const { trials } = plan;
  return tracker.createRun({
    ...{ experiment: name, title, path, resolved, hash, versions, pid, trials },
    machine: machineFacts,
  });
}

/** Starts what is needed, waits for the end or for the cancellation, stops what was started. */
async function execute(
  options: RunOptions,
  run: RunRecord,
  plan: Plan,
  known: KnownStages & { readonly damaged: readonly string[] },
  { connection, isKept, code }: Legacy & { readonly code: string },
): Promise<Coordinator> {
  const { reused, foreign = new Set(), damaged } = known;
  const { layout, tracker } = options;
  const events = createEventLog();
  const onEvent = (event: CoordinatorEvent): void => {
    events.add(event);
    options.onEvent?.(event);
  };
  const policy = { ...defaultPolicy, ...options.policy };
  const now = (): number => performance.now();
  const toDo = plan.stages.filter(({ key }) => !reused.has(key));
  const adopted = isKept ? tracker.livingWorkers(run.id) : [];
  const crew: Crew = { pool: null };
  const isOwn = (pid: number): boolean => crew.pool?.has(pid) ?? adopted.some((worker) => worker.pid === pid);
  const coordinator = new Coordinator({ plan, runId: run.id, tracker, layout, policy, now, onEvent, isOwn }, known);
  if (isKept) {
    const keys = new Set(toDo.flatMap(({ key }) => (foreign.has(key) ? [] : [key])));
    const instances = new Set(adopted.flatMap(({ instance }) => instance ?? []));
    const attempts = tracker.keepAttempts(run.id, keys, instances);
    const ended = tracker.listAttempts(run.id).flatMap(({ token, status }) => (status === 'running' ? [] : [token]));
    coordinator.restore({ workers: adopted, attempts, ended });
  }
  coordinator.start();
  // What nobody has caught ends the run as well: its workers must not be left, nor socket and token.
  const abandon = (error: unknown): void => coordinator.abandon(error);
  process.on('uncaughtException', abandon);
  try {
    await lead(options, run, plan, coordinator, crew, {
      toDo,
      adopted,
      damaged,
      policy,
      before: isKept ? connection : null,
      code,
      events,
    });
  } finally {
    process.off('uncaughtException', abandon);
  }
  return coordinator;
}

/** Known to the coordinator before there is a pool. */
interface Crew {
  pool: WorkerPool | null;
}

interface Task {
  readonly toDo: Plan['stages'];
  readonly adopted: readonly RunWorker[];
  readonly damaged: readonly string[];
  readonly policy: Policy;
  /** Of the coordinator before, whose workers live. */
  readonly before: RunConnection | null;
  readonly code: string;
  /** For commands that follow the run. */
  readonly events: EventLog;
}

/** Serves and starts workers where something is to do, until nothing is. */
async function lead(
  options: RunOptions,
  run: RunRecord,
  plan: Plan,
  coordinator: Coordinator,
  crew: Crew,
  { toDo, adopted, damaged, policy, before, code, events }: Task,
): Promise<void> {
  const { layout, tracker, signal, listen, onStart = () => {}, onStop = () => {} } = options;
  const now = (): number => performance.now();
  const startedMs = now();
  const view = (): RunView => viewOf({ runId: run.id, coordinator, pool: crew.pool, nowMs: now(), startedMs });
  const killWorkers = (): void => crew.pool?.killAll();
  const numReused = coordinator.stages.filter(({ reused }) => reused).length;
  onStart({ run, plan, numReused, damaged, numTakenOver: adopted.length, view, killWorkers });
  if (toDo.length === 0 || signal.aborted) {
    await endAll(tracker, run.id);
    return;
  }

  const cancelled = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const served = await serveRun({
    ...{ layout, runId: run.id, before, code, name: serviceName },
    ...(listen !== undefined && { listen }),
    definition: { ...CoordinatorServiceService, ...RunServiceService },
    handlers: { ...coordinatorService(coordinator, policy), ...runService({ view, events, onStop }) },
  });
  const environment = {
    CALM_ORCH_ADDRESS: served.server.address,
    CALM_ORCH_TOKEN: served.token,
    CALM_ORCH_TAKEOVER_MS: String(policy.takeoverMs),
  };
  const roles = new Set(toDo.map(({ role }) => role));
  const workers = poolOf(options, run.id, coordinator, { roles, adopted, environment });
  crew.pool = workers;
  let stopWatching = (): void => {};
  const untilEnd = async (): Promise<void> => {
    workers.start();
    stopWatching = watch(coordinator, { runId: run.id, tracker, layout, pool: workers, roles, policy, now });
    await Promise.race([coordinator.ended, cancelled]);
  };
  const stop = async (): Promise<void> => {
    coordinator.stop();
    await workers.close(policy.cancelGraceMs + 2000);
    stopWatching();
    await served.close();
  };
  /** The run is another coordinator's. Workers it has hear nothing from this one; the others write nothing any more. */
  const giveWay = async ({ workersAreTaken }: Superseded): Promise<void> => {
    stopWatching();
    if (workersAreTaken) workers.leave();
    else {
      workers.killAll();
      await workers.close(0);
    }
    await served.leave();
  };
  const ended = await untilEnd().then(
    () => null,
    (error: unknown) => ({ error }),
  );
  await (isSuperseded(ended?.error) ? giveWay(ended.error.data) : stop());
  await coordinator.settle();
  if (ended !== null) throw ended.error;
}

function isSuperseded(error: unknown): error is { readonly data: Superseded } {
  return error instanceof CalmError && error.code === 'superseded';
}

interface Workforce {
  readonly roles: ReadonlySet<Role>;
  readonly adopted: readonly RunWorker[];
  readonly environment: NodeJS.ProcessEnv;
}

function poolOf(
  { counts, machine, workerScript, layout, tracker }: RunOptions,
  runId: string,
  coordinator: Coordinator,
  { roles, adopted, environment }: Workforce,
): WorkerPool {
  const slots = [...roles].flatMap((role) => Array.from({ length: counts[role] }, (_, index) => ({ role, index })));
  return new WorkerPool({
    ...{ slots, adopted, script: workerScript },
    environment: ({ role, index }) => ({ ...computeEnvironment(role, index, counts, machine), ...environment }),
    onStart: ({ role, index }, pid) => orAbandon(coordinator, () => tracker.recordWorker(runId, { role, index, pid })),
    logFile: ({ role, index }) => layout.log(runId, `${role}-${index}`),
    onExit: (pid, how) => orAbandon(coordinator, () => coordinator.workerExited(pid, how)),
    onBroken: (error) => coordinator.abandon(error),
  });
}

function summarize(runId: string, coordinator: Coordinator, cancelled: boolean): RunSummary {
  const { stages } = coordinator;
  const count = (state: string): number => stages.filter((stage) => stage.state === state).length;
  const failures = stages.flatMap(({ state, label, error }) => (state === 'failed' ? [{ label, reason: error! }] : []));
  const done = stages.every(({ state }) => state === 'succeeded');
  const numReused = stages.filter(({ reused }) => reused).length;
  return {
    runId,
    status: done ? 'succeeded' : cancelled ? 'cancelled' : 'failed',
    ...{ numExecuted: count('succeeded') - numReused, numReused, numSkipped: count('skipped'), failures },
  };
}
