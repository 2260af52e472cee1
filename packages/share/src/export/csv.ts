// A run as CSV files (RFC 4180): final numbers, every point, the configuration, and what was predicted.
import { join } from 'node:path';
import { canonicalJson, writeFileAtomic } from '@calm-orch/core';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { exportedTrials, pointsOf, type ExportedTrial } from './exported-run.ts';
import { readStagePredictions, type Cell } from './predictions.ts';

/** @param artifactOf The folder of a stage's artifact; null: it is gone. @returns Points written. */
export function writeCsv(
  dir: string,
  tracker: Tracker,
  run: RunRecord,
  artifactOf: (stage: RunStageRecord) => string | null,
): number {
  const trials = exportedTrials(tracker, run);
  const named = ({ name, trial }: ExportedTrial): Cell[] => [trial?.row ?? name, trial?.seed ?? null];
  const write = (name: string, head: readonly string[], rows: Iterable<readonly Cell[]>): void =>
    writeFileAtomic(join(dir, name), lines(head, rows));
  let numPoints = 0;
  write(
    'trials.csv',
    ['row', 'seed', 'status', 'started', 'ended', 'fingerprint'],
    trials.map((trial) => {
      const { status, startedMs, endedMs, tags } = trial;
      return [
        ...named(trial),
        status,
        time(startedMs),
        endedMs === null ? null : time(endedMs),
        tags.get('fingerprint') ?? null,
      ];
    }),
  );
  write(
    'metrics.csv',
    ['row', 'seed', 'metric', 'value'],
    rowsOf(trials, function* (trial) {
      for (const [metric, value] of trial.metrics) yield [...named(trial), metric, value];
    }),
  );
  write(
    'points.csv',
    ['row', 'seed', 'curve', 'step', 'value', 'at'],
    rowsOf(trials, function* (trial) {
      for (const { curve, step, value, atMs } of pointsOf(tracker, run, trial)) {
        numPoints++;
        yield [...named(trial), curve, step, String(value), time(atMs)];
      }
    }),
  );
  write(
    'configuration.csv',
    ['row', 'seed', 'key', 'value'],
    rowsOf(trials, function* (trial) {
      for (const [key, value] of trial.parameters) yield [...named(trial), key, canonicalJson(value)];
    }),
  );
  const predicted = new Map<string, { head: readonly string[]; rows: Cell[][] }>();
  for (const trial of trials)
    for (const stage of trial.stages) {
      const { kind } = stage;
      const artifact = stage.status === 'succeeded' ? artifactOf(stage) : null;
      const [head, ...rows] = (artifact !== null && readStagePredictions(kind, artifact)) || [];
      if (head === undefined) continue;
      const file = predicted.get(kind) ?? { head: ['row', 'seed', ...head.map(String)], rows: [] };
      predicted.set(kind, file);
      file.rows.push(...rows.map((row) => [...named(trial), ...row]));
    }
  for (const [kind, { head, rows }] of predicted) write(`${kind}.csv`, head, rows);
  return numPoints;
}

function* rowsOf(
  trials: readonly ExportedTrial[],
  rows: (trial: ExportedTrial) => Iterable<readonly Cell[]>,
): Generator<readonly Cell[]> {
  for (const trial of trials) yield* rows(trial);
}

const time = (ms: number): string => new Date(ms).toISOString();

function* lines(head: readonly string[], rows: Iterable<readonly Cell[]>): Generator<Uint8Array> {
  yield Buffer.from(line(head));
  for (const row of rows) yield Buffer.from(line(row));
}

const line = (cells: readonly Cell[]): string => `${cells.map(cellText).join(',')}\r\n`;

function cellText(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
