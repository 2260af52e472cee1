// One run in full: trials with their numbers, stages with attempts and curves, the last events.
import { stageLabel } from '@calm-orch/core';
import { columns } from '@calm-orch/report';
import type {
  AttemptRecord,
  EventRecord,
  MetricCurve,
  NoteRecord,
  RunRecord,
  RunStageRecord,
  Tracker,
} from '@calm-orch/tracker';
import { duration, isoTime, localTime, sparkline } from './format.ts';
import { shownStatus } from './runs.ts';

export interface RunDescription {
  readonly run: RunRecord;
  readonly stages: readonly (RunStageRecord & { readonly curves: readonly MetricCurve[] })[];
  readonly attempts: readonly AttemptRecord[];
  readonly metrics: readonly {
    readonly row: string;
    readonly seed: number;
    readonly name: string;
    readonly value: number | null;
  }[];
  readonly events: readonly EventRecord[];
  readonly notes: readonly NoteRecord[];
}

export function describeRun(tracker: Tracker, run: RunRecord, numEvents = 50): RunDescription {
  return {
    run,
    stages: tracker.listRunStages(run.id).map((stage) => ({ ...stage, curves: tracker.listMetrics(stage.key) })),
    attempts: tracker.listAttempts(run.id),
    metrics: tracker.trialMetrics(run.id),
    events: tracker.listEvents(run.id, numEvents),
    notes: tracker.listNotes(run.id),
  };
}

/** The items of a stage may each have a curve of one name. */
const curveName = ({ name, item }: MetricCurve) => (item === 0 ? name : `${name}[${item}]`);

/** `trials[].metrics` are the numbers of the tables; `stages[].curves` map a name to [step, value] pairs. */
export function runJson({ run, stages, attempts, metrics, events, notes }: RunDescription): unknown {
  const { id, experiment, title, path, status, interrupted, error, startedMs, endedMs, session, hash } = run;
  const { versions, machine, resolved, tags } = run;
  return {
    run: id,
    experiment,
    title,
    path,
    status,
    interrupted,
    error,
    tags,
    notes: notes.map(({ atMs, text }) => ({ at: isoTime(atMs), text })),
    started: isoTime(startedMs),
    ended: isoTime(endedMs),
    session,
    hash,
    versions,
    machine,
    config: resolved,
    trials: run.trials.map((trial) => ({
      ...trial,
      metrics: metricsOf(metrics, trial),
      stages: stages.filter((stage) => needs(stage, trial)).map(({ key }) => key),
    })),
    stages: stages.map((stage) => ({
      key: stage.key,
      kind: stage.kind,
      label: stageLabel(stage, run.trials),
      status: stage.status,
      execution: stage.execution,
      error: stage.error,
      started: isoTime(stage.startedMs),
      ended: isoTime(stage.endedMs),
      firstRun: stage.firstRunId,
      numItems: stage.numItems,
      inputs: stage.inputs,
      config: stage.config,
      trials: stage.trials,
      result: stage.result,
      curves: Object.fromEntries(stage.curves.map((curve) => [curveName(curve), curve.points])),
    })),
    attempts: attempts.map(
      ({ startedMs: started, endedMs: ended, token: _token, runId: _runId, stageKey: stage, ...attempt }) => ({
        stage,
        ...attempt,
        started: isoTime(started),
        ended: isoTime(ended),
      }),
    ),
    events: events.map(({ atMs, runId: _runId, stageKey: stage, ...event }) => ({
      at: isoTime(atMs),
      stage,
      ...event,
    })),
  };
}

export function runText({ run, stages, attempts, metrics, events, notes }: RunDescription, color: boolean): string {
  const head = (text: string) => (color ? `\u001b[1m${text}\u001b[0m` : text);
  const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  const took = run.endedMs === null ? '' : `, took ${duration(run.endedMs - run.startedMs)}`;
  const times = run.session > 1 ? `, resumed ${run.session - 1} times` : '';
  const names = [...new Set(metrics.map(({ name }) => name))];
  const troubled = attempts.filter(({ status }) => status === 'failed' || status === 'lost');
  return [
    head(`${run.id}: ${run.title}`),
    ...indent([
      `${shownStatus(run)}${run.error ? `: ${run.error}` : ''}`,
      `started ${localTime(run.startedMs)}${took}${times}`,
      `${run.path}, configuration ${run.hash.slice(0, 12)} (\`calm-orch show ${run.id} --config\`)`,
      ...(run.tags.length > 0 ? [`tags: ${run.tags.join(', ')}`] : []),
    ]),
    ...(notes.length > 0 ? ['', head('Notes')] : []),
    ...indent(columns(notes.map(({ atMs, text }) => [localTime(atMs), text]))),
    '',
    head('Trials'),
    ...indent(
      columns([
        ['row', 'seed', 'status', ...names, 'fingerprint'],
        ...run.trials.map((trial) => {
          const own = metricsOf(metrics, trial);
          const numbers = names.map((name) => own[name]?.toFixed(3) ?? '–');
          return [trial.row, String(trial.seed), trial.status, ...numbers, trial.fingerprint?.slice(0, 12) ?? '–'];
        }),
      ]),
    ),
    '',
    head('Stages (key, what, how, time, loss)'),
    ...indent(
      columns(
        stages.map((stage) => {
          const time =
            stage.startedMs === null || stage.endedMs === null ? '' : duration(stage.endedMs - stage.startedMs);
          const how = stage.status === 'succeeded' ? stage.execution : stage.status;
          const tries = attempts.filter(({ stageKey }) => stageKey === stage.key).length;
          return [
            stage.key.slice(0, 8),
            stageLabel(stage, run.trials),
            how,
            time,
            tries > stage.numItems ? `${tries} attempts` : '',
            lossOf(stage.curves),
          ];
        }),
      ),
    ),
    ...(troubled.length > 0 ? ['', head('Attempts that failed or were lost')] : []),
    ...indent(
      columns(
        troubled.map(({ stageKey, item, attempt, worker, status, error }) => {
          const stage = stages.find(({ key }) => key === stageKey);
          const label = stage ? stageLabel(stage, run.trials) : '';
          return [stageKey.slice(0, 8), label, `item ${item}`, `attempt ${attempt}`, worker, status, error ?? ''];
        }),
      ),
    ),
    ...indent(
      [...new Set(troubled.flatMap(({ stack, stageKey }) => (stack === null ? [] : [stageKey])))].map(
        (key) => `Where it was raised: \`calm-orch show ${run.id} --stage ${key.slice(0, 8)}\``,
      ),
    ),
    '',
    head('Last events'),
    ...indent(columns(events.slice(-10).map(({ atMs, type, message }) => [localTime(atMs), type, message]))),
  ].join('\n');
}

function metricsOf(
  metrics: RunDescription['metrics'],
  { row, seed }: { row: string; seed: number },
): Record<string, number | null> {
  const own = metrics.filter((metric) => metric.row === row && metric.seed === seed);
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

function needs(stage: RunStageRecord, { row, seed }: { row: string; seed: number }): boolean {
  return stage.trials.some((trial) => trial.row === row && trial.seed === seed);
}

function lossOf(curves: readonly MetricCurve[]): string {
  const points = curves.find(({ name }) => /loss$/.test(name))?.points ?? [];
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  return `${first[1].toFixed(2)} ${sparkline(
    points.map(([, value]) => value),
    8,
  )} ${last[1].toFixed(2)}`;
}
