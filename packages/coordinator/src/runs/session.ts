// One coordinator's time with a run: it goes on with what workers of the coordinator before hold, serves, starts the
// workers that are missing, waits for the end, and leaves no process and no open file behind, however it ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { CalmError, type Experiment, type Role } from '@calm-orch/core';
import { CoordinatorServiceService, EnrollmentServiceService, parseListen, RunServiceService } from '@calm-orch/rpc';
import type { RunRecord, RunWorker, Superseded } from '@calm-orch/tracker';
import { Coordinator } from '../leases/coordinator.ts';
import { defaultPolicy, type Policy } from '../leases/policy.ts';
import type { CoordinatorEvent, KnownStages } from '../leases/records.ts';
import { coordinatorService, serviceName } from '../leases/service.ts';
import { clusterLeft } from '../launchers/launchers.ts';
import type { Launcher } from '../launchers/launcher.ts';
import type { Plan } from '../plan/plan.ts';
import { artifactService } from '../transfer/artifact-service.ts';
import { closedEnrollment } from '../guests/enrollment.ts';
import type { GuestServer } from '../guests/guests.ts';
import { removeJoinFiles, writeJoinFiles } from '../guests/join-files.ts';
import { readConnection, serveRun, type ServedRun } from './connection.ts';
import { gpuInTurns } from './gpus.ts';
import type { RunOptions } from './run.ts';
import { createEventLog, runService, type EventLog } from './run-service.ts';
import { endAll, type Legacy } from './takeover.ts';
import { viewOf, type RunView } from './view.ts';
import { orAbandon, watch } from './watch.ts';
import { WorkerPool } from './worker-pool.ts';

export interface SessionStages extends KnownStages {
  /** What was damaged and is made again, each in a few words. */
  readonly damaged: readonly string[];
}

interface Task {
  readonly run: RunRecord;
  readonly plan: Plan;
  readonly known: SessionStages;
  readonly legacy: Legacy;
  readonly launcher: Launcher;
  /** When this process began with the run, on the monotonic clock. */
  readonly startedMs: number;
  /** Stages it has executed before this session. */
  readonly made: ReadonlySet<string>;
}

export interface Session extends Task {
  readonly options: RunOptions;
  readonly policy: Policy;
  readonly coordinator: Coordinator;
  readonly toDo: Plan['stages'];
  /** Living workers of the coordinator before. */
  readonly adopted: readonly RunWorker[];
  /** For commands that follow the run. */
  readonly events: EventLog;
  /** null: no workers were needed so far. */
  pool: WorkerPool | null;
  /** null: no workers of other hosts may join. */
  guests: GuestServer | null;
  /** What the run is to go on with; null: nothing. @default nobody was asked: not all has succeeded */
  next?: Experiment | null;
}

export const now = (): number => performance.now();

/** A coordinator that has everything it is to do, and what goes on already. */
export function openSession(options: RunOptions, task: Task): Session {
  const { layout, tracker } = options;
  const { run, plan, known, legacy } = task;
  const policy = { ...defaultPolicy, ...options.policy };
  const events = createEventLog();
  const onEvent = (event: CoordinatorEvent): void => {
    events.add(event);
    options.onEvent?.(event);
  };
  const adopted = legacy.before === null ? [] : tracker.livingWorkers(run.id);
  const isOwn = (instance: string): boolean =>
    (session.pool?.has(instance) ?? adopted.some((worker) => worker.instance === instance)) ||
    session.guests?.has(instance) === true;
  const { counts, machine, cluster } = options;
  const turns = (role: Role, index: number): string | null => gpuInTurns(role, index, counts, machine);
  const coordinator = new Coordinator(
    {
      ...{ plan, runId: run.id, tracker, layout, policy, now, onEvent, isOwn },
      // A cluster's queue gives each worker its own.
      ...(cluster === undefined && { gpuInTurns: turns }),
    },
    known,
  );
  const toDo = plan.stages.filter(({ key }) => !known.reused.has(key));
  const session: Session = { ...task, options, policy, coordinator, toDo, adopted, events, pool: null, guests: null };
  if (legacy.before !== null) restore(session);
  coordinator.start();
  return session;
}

/** Attempts of living workers go on. */
function restore({ options: { tracker }, run, known, coordinator, toDo, adopted }: Session): void {
  const keys = new Set(toDo.map(({ key }) => key).filter((key) => known.foreign?.has(key) !== true));
  const instances = new Set(adopted.map(({ instance }) => instance));
  const attempts = tracker.keepAttempts(run.id, keys, instances);
  const ended = tracker.listAttempts(run.id).flatMap(({ token, status }) => (status === 'running' ? [] : [token]));
  coordinator.restore({ workers: adopted.filter(({ hasRegistered }) => hasRegistered), attempts, ended });
}

/** Until nothing is left to do or the run is cancelled. @throws whatever else ends it. */
export async function work(session: Session): Promise<void> {
  const { options, run, plan, known, coordinator, toDo, adopted, startedMs, made } = session;
  const view = (): RunView =>
    viewOf({ runId: run.id, seeds: plan.seeds, made, coordinator, pool: session.pool, nowMs: now(), startedMs });
  // What nobody has caught ends the run as well: its workers must not be left, nor socket and token.
  const abandon = (error: unknown): void => coordinator.abandon(error);
  process.on('uncaughtException', abandon);
  try {
    options.onStart?.({
      run,
      plan,
      numReused: coordinator.stages.filter(({ reused }) => reused).length,
      damaged: known.damaged,
      numTakenOver: adopted.length,
      view,
      killWorkers: () => session.pool?.killAll(),
    });
    const isDone = toDo.length === 0 && options.extend === undefined;
    if (isDone || options.signal.aborted) await endAll(options.tracker, run.id);
    else await lead(session, view);
  } finally {
    process.off('uncaughtException', abandon);
  }
}

/** Serves, starts the workers that are missing, waits, and stops what was started. */
async function lead(session: Session, view: () => RunView): Promise<void> {
  const { coordinator, policy, options, launcher, run } = session;
  const { signal, layout, tracker } = options;
  const joinFiles = { layout, tracker, runId: run.id };
  const cancelled = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const guests = (session.guests = await admitGuests(session));
  const served = await serve(session, view, guests).catch(async (error: unknown) => {
    await guests?.close();
    throw error;
  });
  const pool = staff(session, served);
  let stopWatching = (): void => {};
  let failure: { readonly error: unknown } | null = null;
  try {
    if (launcher.joins) await writeJoinFiles(joinFiles, guests!.address, pool.slots);
    pool.start();
    stopWatching = watch(session, pool, now);
    await Promise.race([coordinator.ended, cancelled]);
    await Promise.race([askOn(session), cancelled]);
  } catch (error) {
    failure = { error };
  }
  if (isSuperseded(failure?.error)) {
    stopWatching();
    await guests?.close();
    await giveWay(pool, served, launcher.joins || failure.error.data.workersAreTaken);
  } else {
    coordinator.stop();
    await Promise.all([pool.close(policy.cancelGraceMs + 2000), letGuestsEnd(session)]);
    stopWatching();
    await guests?.close();
    await served.close();
    if (launcher.joins) removeJoinFiles(joinFiles);
  }
  await coordinator.settle();
  if (failure !== null) throw failure.error;
}

/** Workers of other hosts have time to give back what they hold, with a checkpoint. */
async function letGuestsEnd({ coordinator, policy, guests }: Session): Promise<void> {
  const until = now() + policy.cancelGraceMs;
  const isHolding = (): boolean => coordinator.book.leases.some(({ worker }) => guests?.has(worker.instance));
  while (isHolding() && now() < until) await sleep(50);
}

/** Once all has succeeded: while that is thought over, the run is alive for those who look. */
async function askOn(session: Session): Promise<void> {
  const { options, coordinator, run, plan } = session;
  if (options.signal.aborted || coordinator.stages.some(({ state }) => state !== 'succeeded')) return;
  const next = (await options.extend?.({ run, seeds: plan.seeds })) ?? null;
  if (!options.signal.aborted) session.next = next;
}

/** Where workers of other hosts may join, if that was asked for now or when the run was last at work; null: nowhere. */
async function admitGuests(session: Session): Promise<GuestServer | null> {
  const { options, run, coordinator, policy } = session;
  const { layout, tracker, counts } = options;
  const listen = options.listen ?? addressBefore(session) ?? (options.cluster && `${options.cluster.host}:0`);
  if (listen === undefined || !parseListen(listen).isForHosts) return null;
  const { serveGuests } = await import('../guests/guests.ts');
  const guests = await serveGuests({
    layout,
    tracker,
    runId: run.id,
    listen: parseListen(listen).address,
    handlers: coordinatorService(coordinator, policy),
    artifacts: artifactService({
      layout,
      lease: (token) => coordinator.book.live(token),
      assertHeld: () => tracker.heartbeatRun(run.id),
    }),
    holderOf: (token) => coordinator.book.find(token)?.worker.instance ?? null,
    takeoverMs: policy.takeoverMs,
    firstIndex: Math.max(...Object.values(counts)),
    seat: (slot, instance) => {
      if (session.pool === null) throw new CalmError('unavailable', 'the run is about to begin');
      return session.pool.seat(slot, instance);
    },
    onExpelled: (instance) =>
      coordinator.expel(instance, {
        ending: 'lost',
        reason: 'may no longer take part: its join token was revoked',
      }),
    onError: (error) => coordinator.abandon(error),
  });
  const how = `\`calm-orch token create\` prints what a worker there needs`;
  if (!session.launcher.joins)
    options.onEvent?.({ type: 'note', label: 'other hosts', message: `they join at ${guests.address}: ${how}` });
  return guests;
}

/** Where guests of the coordinator before look for this one; undefined: nowhere, or not on this host. */
function addressBefore({ options: { layout, cluster }, run }: Session): string | undefined {
  const before = readConnection(layout, run.id)?.hosts;
  return cluster === undefined || before?.replace(/:\d+$/, '') === cluster.host ? before : undefined;
}

function serve(
  { options, run, coordinator, policy, legacy, events }: Session,
  view: () => RunView,
  guests: GuestServer | null,
) {
  const { layout, listen, cluster, onStop = () => {} } = options;
  return serveRun({
    layout,
    runId: run.id,
    before: legacy.before,
    code: legacy.code,
    name: serviceName,
    ...(listen !== undefined && !parseListen(listen).isForHosts && { listen }),
    ...(guests !== null && { hosts: guests.address }),
    ...(cluster !== undefined && { cluster: clusterLeft(cluster) }),
    definition: { ...CoordinatorServiceService, ...RunServiceService, ...EnrollmentServiceService },
    handlers: {
      ...coordinatorService(coordinator, policy),
      ...runService({ view, events, onStop }),
      ...(guests?.enrollment ?? closedEnrollment),
    },
  });
}

/** The workers of all roles that have something to do; not started yet. */
function staff(session: Session, { server, token }: ServedRun): WorkerPool {
  const { options, run, launcher, coordinator, policy, toDo, adopted, guests } = session;
  const { counts, tracker } = options;
  const roles = [...new Set(toDo.map(({ role }) => role))];
  session.pool = new WorkerPool({
    launcher,
    slots: roles.flatMap((role) => Array.from({ length: counts[role] }, (_, index) => ({ role, index }))),
    adopted,
    call: {
      CALM_ORCH_ADDRESS: server.address,
      CALM_ORCH_TOKEN: token,
      CALM_ORCH_TAKEOVER_MS: String(policy.takeoverMs),
      // Its trainers train together with those of other hosts.
      ...(guests !== null && { CALM_ORCH_HOST: guests.address.replace(/:\d+$/, '') }),
    },
    isBusy: (instance) => coordinator.book.leases.some(({ worker }) => worker.instance === instance),
    onStart: (worker) => orAbandon(coordinator, () => tracker.recordWorker(run.id, worker)),
    onExit: (instance, end) => orAbandon(coordinator, () => coordinator.workerExited(instance, end)),
    onBroken: (error) => coordinator.abandon(error),
  });
  return session.pool;
}

/** The run is another coordinator's. Workers it has hear nothing from this one; the others write nothing any more. */
async function giveWay(pool: WorkerPool, served: ServedRun, workersAreTaken: boolean): Promise<void> {
  if (workersAreTaken) pool.leave();
  else {
    pool.killAll();
    await pool.close(0);
  }
  await served.leave();
}

function isSuperseded(error: unknown): error is { readonly data: Superseded } {
  return error instanceof CalmError && error.code === 'superseded';
}
