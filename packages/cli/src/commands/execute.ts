// What `run` and `resume` share: engine, plan, signals, progress, and the table at the end.
import { totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { CalmError, seedsOf, type Experiment } from '@calm-orch/core';
import { restoreExperiment, withNextSeed } from '@calm-orch/core/config';
import { networkFileSystem, type Tracker } from '@calm-orch/tracker';
import type { RunOptions, SharedGpu, StartedRun } from '@calm-orch/coordinator';
import type { GlobalOptions } from '../cli.ts';
import { outcomeJsonOption } from '../options/json-option.ts';
import { tellStarted } from '../run/background.ts';
import { cancelOnSignals } from '../run/cancel.ts';
import { clusterOf, launchers, type LauncherName } from '../surroundings/cluster.ts';
import { checkKubeChoice, kubeOptions, podLogs } from '../surroundings/kubernetes.ts';
import { checkNeeds } from '../surroundings/check-needs.ts';
import { checkSurroundings } from '../surroundings/check-surroundings.ts';
import { checkDisk } from '../surroundings/disk.ts';
import { plural } from '../progress/format.ts';
import { fillingTable } from '../progress/filling-table.ts';
import { showProgress, type Progress } from '../progress/progress.ts';
import { createSeedTables } from '../progress/seed-tables.ts';
import { printOutcome } from '../outcome.ts';
import { judgeApart } from '../run/judge-apart.ts';
import { parts } from '../run/parts.ts';
import { makeRehearsalModels } from '../run/rehearsal-models.ts';
import { programCommit } from '../surroundings/program-commit.ts';
import { nextSeedLine, undecidedClaims } from '../run/until-decided.ts';
import { workerScript } from '../run/worker-process.ts';
import { version } from '../version.ts';
import { fullRunOf } from '../views/full-run.ts';
import type { Machine } from '../views/costs.ts';
import { inputNotes } from '../views/left-out.ts';

export interface ExecuteOptions extends GlobalOptions {
  trainers?: number;
  augmentors?: number;
  evaluators?: number;
  listen?: string;
  launcher?: LauncherName;
  slurmArgs?: string;
  kubeImage?: string;
  kubeNamespace?: string;
  kubeGpus?: number;
  kubePatch?: string;
  hangTimeout?: number;
  takeoverTimeout?: number;
  gangMinLeft?: number;
  shareGpus: boolean;
  /** Of a new run. */
  tag?: readonly string[];
  bell: boolean;
  detach: boolean;
  json: boolean;
}

/** Cores and GPUs of this host do not count. */
export const elsewhere = { numCores: Infinity, numGpus: 0 };

/** Options about processes, which `run` and `resume` have in common. */
export function withProcessOptions(args: Argv<GlobalOptions>) {
  const processes = { type: 'number', requiresArg: true } as const;
  return args
    .option('trainers', { ...processes, describe: 'Trainers to start, whatever the machine' })
    .option('augmentors', { ...processes, describe: 'Augmentors to start' })
    .option('evaluators', { ...processes, describe: 'Evaluators to start' })
    .option('share-gpus', {
      type: 'boolean',
      default: false,
      describe: 'Let workers that have the same GPU compute on it at once, instead of in turns',
    })
    .option('listen', {
      type: 'string',
      requiresArg: true,
      describe:
        'Serve the workers on 127.0.0.1:PORT (0: any) instead of a Unix socket; HOST:PORT: let workers of other hosts join there, over TLS',
    })
    .option('launcher', {
      choices: launchers,
      describe:
        "How workers come to be: as processes of this host; as elements of Slurm's job arrays; as steps of the Slurm allocation this command runs in; as pods of Kubernetes' Jobs [default: local]",
    })
    .option('slurm-args', {
      type: 'string',
      requiresArg: true,
      describe: 'Options for sbatch or srun, in one word: --slurm-args="--partition=gpu --time=4:00:00"',
    })
    .options(kubeOptions)
    .option('hang-timeout', {
      ...processes,
      describe:
        'Seconds without progress after which a computation (later where its steps are long) or a worker is replaced [default: 30]',
    })
    .option('takeover-timeout', {
      ...processes,
      describe: 'Seconds workers wait for `resume` when this process is killed, before they save and end [default: 60]',
    })
    .option('gang-min-left', {
      ...processes,
      describe:
        'Seconds a stage must have left for an idle trainer to join it; results do not depend on it [default: 10]',
    })
    .option('detach', {
      type: 'boolean',
      default: false,
      describe: 'Start the run in the background and say how to follow it: it outlives this terminal',
    })
    .option('bell', { type: 'boolean', default: false, describe: 'Ring the terminal once the run has ended' })
    .option('json', outcomeJsonOption)
    .check((given) => {
      for (const name of ['trainers', 'augmentors', 'evaluators'] as const) {
        const count = given[name];
        // Without any here, those of other hosts do the work.
        const least = /^(127\.0\.0\.1|localhost):/.test(given.listen ?? 'localhost:') ? 1 : 0;
        if (count !== undefined && !(Number.isSafeInteger(count) && count >= least))
          throw new CalmError(
            'invalid_argument',
            `--${name}: expected a whole number of at least ${least}, got ${count}`,
          );
      }
      const hang = given['hang-timeout'];
      if (hang !== undefined && !(hang > 0))
        throw new CalmError('invalid_argument', `--hang-timeout: expected seconds above 0, got ${hang}`);
      for (const name of ['gang-min-left', 'takeover-timeout'] as const) {
        const seconds = given[name];
        if (seconds !== undefined && !(seconds >= 0))
          throw new CalmError('invalid_argument', `--${name}: expected seconds from 0 up, got ${seconds}`);
      }
      checkKubeChoice(given);
      if (given['slurm-args'] !== undefined && !given.launcher?.startsWith('slurm'))
        throw new CalmError(
          'invalid_argument',
          '--slurm-args: has a meaning beside --launcher slurm or slurm-steps only',
        );
      return true;
    });
}

/** Runs the experiment (or goes on with run `resume`), prints its table and sets the exit code. */
export async function execute(
  experiment: Experiment,
  tracker: Tracker,
  options: ExecuteOptions,
  resume?: string,
): Promise<void> {
  const output = options.json ? process.stderr : process.stdout;
  const say = (text: string): void => void output.write(`${text}\n`);
  const { name, rows } = experiment;
  say(`Planning ${name}: ${plural(rows.length, 'row')}, ${plural(seedsOf(experiment).length, 'seed')}.`);
  const cluster = await clusterOf(options, resume);
  const { hangPolicy, layoutOf, planSources, runExperiment, sharedGpus, workerCounts } =
    await import('@calm-orch/coordinator');
  const cancel = cancelOnSignals();
  let progress: Progress | null = null;
  const tables = createSeedTables({ dir: options.dir, output, print: (text) => progress?.show(text) });
  let look = (): void => {};
  try {
    const { datasetIdentity, photosIdentity } = await import('@calm-orch/datasets');
    const facts = await parts.engineFacts(say, cancel.signal);
    const layout = layoutOf(options.dir);
    await makeRehearsalModels(experiment);
    const needNotes = await checkNeeds(experiment);
    const hashCache = join(layout.dir, 'hashes.json');
    const sources = await planSources({
      kinds: parts.stageKinds,
      stageEntry: parts.stageEntry,
      engine: facts.identity,
      hashCache,
      datasetIdentity,
      photosIdentity,
      codeCache: parts.codeCacheFile(),
    });
    const { hangTimeout, gangMinLeft, takeoverTimeout } = options;
    const machine = { ...facts, sharesGpus: options.shareGpus };
    const counts = workerCounts(experiment, options, cluster === null ? machine : elsewhere);
    const gpuNotes = cluster === null ? sharedGpus(counts, machine).map((gpu) => sharingNote(gpu, options)) : [];
    const summary = await runExperiment({
      experiment,
      sources,
      layout,
      tracker,
      machine,
      signal: cancel.signal,
      check: async (plan, isDone) => {
        await checkSurroundings(plan, isDone);
        await checkDisk(plan, experiment, isDone, layout.dir);
        if (progress !== null) return;
        const notes = [...gpuNotes, ...needNotes, ...(sources.notes?.() ?? []), ...databaseNotes(layout.dir)];
        for (const note of notes) say(`note: ${note}`);
      },
      ...(resume !== undefined && { resume }),
      ...(options.tag && { tags: options.tag }),
      ...(experiment.untilDecided && {
        extend: (at) => nextSeed(at, options.dir, cancel.signal, (line) => progress?.note(line)),
      }),
      ...(options.listen !== undefined && { listen: options.listen }),
      ...(cluster !== null && {
        cluster: cluster.engine === 'kubernetes' ? cluster : { ...cluster, gpus: facts.numGpus > 0 },
      }),
      policy: {
        ...(hangTimeout !== undefined && hangPolicy(hangTimeout * 1000)),
        ...(takeoverTimeout !== undefined && { takeoverMs: takeoverTimeout * 1000 }),
        ...(gangMinLeft !== undefined && { gangMinLeftMs: gangMinLeft * 1000 }),
      },
      versions: {
        node: process.versions.node,
        engine: facts.identity,
        program: version(),
        commit: programCommit(),
      },
      machineFacts: { cores: facts.numCores, devices: facts.devices, memoryBytes: totalmem(), os: type() },
      counts,
      workerScript,
      onStart: (started) => {
        process.title = `calm-orch coordinator ${started.run.id}`;
        tellStarted(started.run.id);
        const logs = cluster?.engine === 'kubernetes' ? podLogs(cluster.kube) : layout.log(started.run.id, '*');
        if (progress === null) announce(started, logs, say);
        progress?.close();
        progress = showProgress(output, started.view, { table: () => fillingTable(tracker, started.run.id) });
        look = () => tables.look(started.view());
        look();
        cancel.onFirst = () => {
          tables.close();
          progress?.note('Stopping: workers save checkpoints, at most 10 s (Ctrl-C again: at once).');
        };
        cancel.onSecond = () => {
          started.killWorkers();
          tracker.endRun(started.run.id, 'cancelled');
        };
      },
      onEvent: (event) => {
        progress?.event(event);
        if (event.type === 'stage succeeded') look();
      },
      onStop: (now) => cancel.ask(now),
    });
    await tables.settle();
    (progress as Progress | null)?.close();
    for (const note of inputNotes(tracker, summary.runId, layout)) say(`note: ${note}`);
    const fullRun = experiment.rehearsal ? await fullRunOf(experiment, sources, await paperMachine()) : null;
    await printOutcome(summary, tracker, options, fullRun);
  } finally {
    tables.close();
    (progress as Progress | null)?.close();
    cancel.dispose();
    if (options.bell && output.isTTY) output.write('\u0007');
  }
}

/** The run with a further seed, where that may decide a claim. */
async function nextSeed(
  { run, seeds }: Parameters<NonNullable<RunOptions['extend']>>[0],
  dir: string,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<Experiment | null> {
  const tables = await judgeApart({ dir, runId: run.id, seeds }, signal);
  const open = undecidedClaims(run, tables)?.filter(({ givenUp }) => givenUp === null) ?? [];
  if (open.length === 0) return null;
  note(nextSeedLine(run, open));
  return withNextSeed(
    restoreExperiment(run.resolved, run.path),
    open.flatMap(({ rows }) => rows),
  );
}

/** The paper's GPUs, at the rate measured here. */
async function paperMachine(): Promise<Machine> {
  const { measureGflops } = await import('../surroundings/matmul-rate.ts');
  return { gpus: 8, gpuMemoryGb: 80, gflops: { value: await measureGflops(), source: 'measured' } };
}

function announce(
  { run, plan, numReused, numTakenOver, damaged }: StartedRun,
  logs: string,
  say: (text: string) => void,
): void {
  const left = plan.stages.length - numReused;
  const reused = numReused > 0 ? `, ${numReused} of them done before` : '';
  say(`Run ${run.id}: ${plural(run.trials.length, 'trial')}, ${plural(plan.stages.length, 'stage')}${reused}.`);
  for (const what of damaged) say(`Damaged, made again: ${what}`);
  if (numTakenOver > 0) say(`Took over ${plural(numTakenOver, 'worker')} that outlived the coordinator before.`);
  if (left > 0) say(`Logs of the workers: ${logs}`);
}

function sharingNote({ gpu, workers }: SharedGpu, { shareGpus }: ExecuteOptions): string {
  const how = shareGpus ? 'they compute at once (--share-gpus)' : 'they compute in turns (--share-gpus: at once)';
  return `GPU ${gpu} is shared by ${workers.join(', ')}: ${how}`;
}

/** The database belongs on the coordinator's own disk. */
function databaseNotes(dir: string): string[] {
  const type = networkFileSystem(dir);
  if (type === null) return [];
  return [
    `${dir} is on a network file system (${type}): its database has no write-ahead log there, which is slower; workers of other hosts need no shared folder (docs/cluster.md)`,
  ];
}
