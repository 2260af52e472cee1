// A run as other tools see one: each trial is a run of theirs with its parameters, its final numbers and every point of the
// stages it needs. What the whole experiment shares (baselines) is one more.
import type { Json, ResolvedExperiment, Status } from '@calm-orch/core';
import type { RunRecord, RunStageRecord, Tracker, TrialRef } from '@calm-orch/tracker';

export interface ExportedTrial {
  /** `all seed 0`; `whole experiment`. */
  readonly name: string;
  /** null: the whole experiment. */
  readonly trial: TrialRef | null;
  readonly status: Status;
  readonly startedMs: number;
  /** null: it has not ended. */
  readonly endedMs: number | null;
  /** Dotted keys of the configuration. */
  readonly parameters: ReadonlyMap<string, Json>;
  /** What identifies it: run, row, seed, fingerprint, commit. */
  readonly tags: ReadonlyMap<string, string>;
  /** Final numbers, null where undefined. */
  readonly metrics: ReadonlyMap<string, number | null>;
  readonly stages: readonly RunStageRecord[];
}

/** A point of a trial's curve, `curve` named by stage and metric: `finetune-score/train/loss`. */
export interface TrialPoint {
  readonly curve: string;
  /** What of `curve` names stage and item: `finetune-score`. */
  readonly stage: string;
  readonly step: number;
  readonly value: number;
  readonly atMs: number;
}

/** The order of the run's trials, then the whole experiment where it has numbers or curves of its own. */
export function exportedTrials(tracker: Tracker, run: RunRecord): ExportedTrial[] {
  const stages = tracker.listRunStages(run.id);
  const finals = tracker.trialMetrics(run.id);
  const own = run.trials.map(({ row, seed, status, fingerprint }): ExportedTrial => {
    const isOwn = (one: TrialRef): boolean => one.row === row && one.seed === seed;
    const used = stages.filter(({ trials }) => trials.some(isOwn));
    return {
      name: `${row} seed ${seed}`,
      trial: { row, seed },
      status,
      ...timesOf(run, used),
      parameters: parametersOf(run, { row, seed }),
      tags: tagsOf(run, { row, seed: String(seed), ...(fingerprint !== null && { fingerprint }) }),
      metrics: new Map(finals.filter(isOwn).map(({ name, value }) => [name, value])),
      stages: used,
    };
  });
  const shared = stages.filter(({ trials }) => trials.length === 0);
  const metrics = shared.flatMap(({ result }) => Object.entries(result?.metrics ?? {}));
  const curves = new Set(tracker.listCurves(run.id).map(({ stageKey }) => stageKey));
  if (metrics.length === 0 && !shared.some(({ key }) => curves.has(key))) return own;
  const whole: ExportedTrial = {
    name: 'whole experiment',
    trial: null,
    status: run.status,
    ...timesOf(run, shared),
    parameters: parametersOf(run, null),
    tags: tagsOf(run, {}),
    metrics: new Map(metrics),
    stages: shared,
  };
  return [...own, whole];
}

function timesOf(run: RunRecord, stages: readonly RunStageRecord[]): { startedMs: number; endedMs: number | null } {
  const started = stages.flatMap(({ startedMs }) => startedMs ?? []);
  const ended = stages.flatMap(({ endedMs }) => endedMs ?? []);
  return {
    startedMs: started.reduce((least, ms) => Math.min(least, ms), started[0] ?? run.startedMs),
    endedMs: run.endedMs === null ? null : ended.reduce((most, ms) => Math.max(most, ms), ended[0] ?? run.endedMs),
  };
}

function tagsOf(run: RunRecord, own: Readonly<Record<string, string>>): Map<string, string> {
  const { commit } = run.versions as { readonly commit?: string | null };
  return new Map(
    Object.entries({
      run: run.id,
      experiment: run.experiment,
      host: run.host,
      hash: run.hash,
      ...(typeof commit === 'string' && { commit }),
      ...(run.isRehearsal && { rehearsal: 'true' }),
      ...own,
    }),
  );
}

/** The run's configuration with what the trial's row sets. */
function parametersOf(run: RunRecord, trial: TrialRef | null): Map<string, Json> {
  const { config, rows = [] } = run.resolved as unknown as Partial<ResolvedExperiment>;
  const parameters = new Map(flatten(config ?? {}));
  if (trial === null) return parameters;
  const row = rows.find((one) => one.row === trial.row);
  for (const [key, value] of Object.entries({ ...row?.set, ...row?.rehearsed?.set })) {
    for (const known of parameters.keys()) if (known.startsWith(`${key}.`)) parameters.delete(known);
    for (const [name, member] of flatten(value, key)) parameters.set(name, member);
  }
  return parameters.set('row', trial.row).set('seed', trial.seed);
}

/** Members of objects by dotted key; lists stay whole. */
function flatten(value: unknown, key = ''): [string, Json][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[key, value as Json]];
  return Object.entries(value).flatMap(([name, member]) => flatten(member, key === '' ? name : `${key}.${name}`));
}

/** Every point of a trial, curve by curve in order of plan, by step. A point without a time has that of the run's start. */
export function* pointsOf(tracker: Tracker, run: RunRecord, { stages }: ExportedTrial): Generator<TrialPoint> {
  const named = new Map(stages.map((stage) => [stage.key, { ...stage, label: labelOf(stage, stages) }]));
  for (const part of tracker.exportMetrics(run.id, new Set(named.keys())))
    for (const { stageKey, item, name, step, value, atMs } of part) {
      const { label, numItems } = named.get(stageKey)!;
      const stage = numItems > 1 ? `${label} item ${item}` : label;
      yield { stage, curve: `${stage}/${name}`, step, value, atMs: atMs ?? run.startedMs };
    }
}

/** Kind, and what else tells the stage from the others of its trial. */
function labelOf(stage: RunStageRecord, all: readonly RunStageRecord[]): string {
  const label = ({ kind, config }: RunStageRecord): string => {
    const { what } = config as { readonly what?: string };
    return what === undefined ? kind : `${kind} ${what}`;
  };
  const own = label(stage);
  return all.filter((one) => label(one) === own).length > 1 ? `${own} ${stage.key.slice(0, 8)}` : own;
}
