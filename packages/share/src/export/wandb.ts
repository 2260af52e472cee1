// Weights & Biases' offline runs, one a trial, for `wandb sync`: a log of Record messages in the framing of LevelDB's logs.
// Steps of a W&B run grow over all its curves, so that each stage has a step of its own beside them (`<stage>/step`).
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { sha256, writeFileAtomic, type Json } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { exportedTrials, pointsOf, type ExportedTrial, type TrialPoint } from './exported-run.ts';
import { encodeMessage, type Field } from './protobuf.ts';

// Fields of wandb_internal.proto.
const record = { num: 1, history: 2, summary: 3, metric: 12, run: 17, exit: 18, header: 21 };
const runFields = {
  id: 1,
  project: 3,
  config: 4,
  group: 6,
  displayName: 8,
  notes: 9,
  tags: 10,
  host: 13,
  start: 17,
  git: 21,
};
const item = { key: 1, nestedKey: 2, json: 16 };
const historyStep = 2;
const metricFields = { name: 1, glob: 2, stepMetric: 4 };

/** @returns Points written. */
export function writeWandb(dir: string, tracker: Tracker, run: RunRecord): number {
  let numPoints = 0;
  for (const trial of exportedTrials(tracker, run)) {
    const id = sha256(`${run.id} ${run.startedMs} ${trial.name}`).slice(0, 8);
    const at = new Date(trial.startedMs)
      .toISOString()
      .replaceAll(/[-:]|\..*/g, '')
      .replace('T', '_');
    const rows = historyOf(pointsOf(tracker, run, trial));
    numPoints += rows.reduce((sum, { points }) => sum + points.length, 0);
    writeFileAtomic(join(dir, `offline-run-${at}-${id}`, `run-${id}.wandb`), framed(records(run, trial, id, rows)));
  }
  return numPoints;
}

interface HistoryRow {
  readonly stage: string;
  readonly step: number;
  readonly atMs: number;
  readonly points: readonly TrialPoint[];
}

/** What was reported of a stage at a step is one row; rows are in order of time, for a stage in order of step. */
function historyOf(points: Iterable<TrialPoint>): HistoryRow[] {
  const stages = new Map<string, Map<number, TrialPoint[]>>();
  for (const point of points) {
    const steps = stages.get(point.stage) ?? new Map<number, TrialPoint[]>();
    stages.set(point.stage, steps);
    steps.set(point.step, [...(steps.get(point.step) ?? []), point]);
  }
  const rows = [...stages].flatMap(([stage, steps]) => {
    let atMs = 0;
    return [...steps]
      .sort(([a], [b]) => a - b)
      .map(([step, own]) => {
        atMs = own.reduce((most, point) => Math.max(most, point.atMs), atMs);
        return { stage, step, atMs, points: own };
      });
  });
  return rows.sort((a, b) => a.atMs - b.atMs);
}

function* records(
  run: RunRecord,
  trial: ExportedTrial,
  id: string,
  rows: readonly HistoryRow[],
): Generator<Uint8Array> {
  let num = 0;
  const numbered = (field: Field): Uint8Array => encodeMessage([[record.num, { integer: ++num }], field]);
  const version = encodeMessage([
    [1, { text: 'calm-orch' }],
    [2, { text: '0.70.0' }],
  ]);
  yield numbered([record.header, { message: encodeMessage([[1, { message: version }]]) }]);
  yield numbered([record.run, { message: runMessage(run, trial, id) }]);
  for (const stage of new Set(rows.map((row) => row.stage)))
    for (const fields of [
      [[metricFields.name, { text: `${stage}/step` }]],
      [
        [metricFields.glob, { text: `${stage}/*` }],
        [metricFields.stepMetric, { text: `${stage}/step` }],
      ],
    ] satisfies Field[][])
      yield numbered([record.metric, { message: encodeMessage(fields) }]);
  for (const [step, { stage, step: own, atMs, points }] of rows.entries()) {
    const items = [
      ...points.map(({ curve, value }) => [curve, pythonJson(value)] as const),
      [`${stage}/step`, String(own)] as const,
      ['_step', String(step)] as const,
      ['_timestamp', String(atMs / 1000)] as const,
      ['_runtime', String((atMs - trial.startedMs) / 1000)] as const,
    ];
    const fields = items.map(([key, json]): Field => [1, { message: itemOf(item.nestedKey, key, json) }]);
    const at = encodeMessage([[1, { integer: step }]]);
    yield numbered([record.history, { message: encodeMessage([...fields, [historyStep, { message: at }]]) }]);
  }
  const last = new Map(rows.flatMap(({ points }) => points.map(({ curve, value }) => [curve, value] as const)));
  const updates = [...last, ...trial.metrics].map(([key, value]): Field => [
    1,
    { message: itemOf(item.nestedKey, key, value === null ? 'null' : pythonJson(value)) },
  ]);
  yield numbered([record.summary, { message: encodeMessage(updates) }]);
  const seconds = Math.max(0, Math.floor(((trial.endedMs ?? trial.startedMs) - trial.startedMs) / 1000));
  const exit = encodeMessage([
    [1, { integer: trial.status === 'succeeded' ? 0 : 1 }],
    [2, { integer: seconds }],
  ]);
  yield numbered([record.exit, { message: exit }]);
}

function runMessage(run: RunRecord, { name, startedMs, parameters, tags }: ExportedTrial, id: string): Uint8Array {
  const config = [...nested(parameters)].map(([key, value]): Field => [
    1,
    { message: itemOf(item.key, key, JSON.stringify(value)) },
  ]);
  const start = encodeMessage([
    [1, { integer: Math.floor(startedMs / 1000) }],
    [2, { integer: (startedMs % 1000) * 1e6 }],
  ]);
  const commit = tags.get('commit');
  return encodeMessage([
    [runFields.id, { text: id }],
    [runFields.project, { text: run.experiment }],
    [runFields.config, { message: encodeMessage(config) }],
    [runFields.group, { text: run.id }],
    [runFields.displayName, { text: `${run.id} ${name}` }],
    [runFields.notes, { text: run.title }],
    ...[...tags]
      .filter(([key]) => ['run', 'row', 'fingerprint'].includes(key))
      // Tags are no longer than this there.
      .map(([, value]): Field => [runFields.tags, { text: value.slice(0, 64) }]),
    [runFields.host, { text: run.host }],
    [runFields.start, { message: start }],
    ...(commit === undefined
      ? []
      : [[runFields.git, { message: encodeMessage([[2, { text: commit }]]) }] satisfies Field]),
  ]);
}

/** Dotted keys as objects again. */
function nested(parameters: ReadonlyMap<string, Json>): Map<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, value] of parameters) {
    const path = key.split('.');
    const last = path.pop()!;
    let place = root;
    for (const name of path) place = (place[name] ??= {}) as Record<string, unknown>;
    place[last] = value;
  }
  return new Map(Object.entries(root));
}

const itemOf = (keyField: number, key: string, json: string): Uint8Array =>
  encodeMessage([
    [keyField, { text: key }],
    [item.json, { text: json }],
  ]);

/** As Python's json writes numbers that JSON has not. */
const pythonJson = (value: number): string => (Number.isFinite(value) ? JSON.stringify(value) : String(value));

const blockBytes = 32_768;
const headBytes = 7;
const kinds = { full: 1, first: 2, middle: 3, last: 4 };

/** W&B's head, then each message in as many pieces as blocks need. */
function* framed(messages: Iterable<Uint8Array>): Generator<Uint8Array> {
  const head = Buffer.alloc(headBytes);
  head.write(':W&B', 'latin1');
  head.writeUInt16LE(0xbee1, 4);
  yield head;
  let offset = headBytes;
  for (const message of messages) {
    let left = message;
    for (let isFirst = true; isFirst || left.length > 0; isFirst = false) {
      let room = blockBytes - (offset % blockBytes);
      if (room < headBytes) {
        yield Buffer.alloc(room);
        offset += room;
        room = blockBytes;
      }
      const piece = left.subarray(0, room - headBytes);
      left = left.subarray(piece.length);
      const isLast = left.length === 0;
      const kind = isFirst ? (isLast ? kinds.full : kinds.first) : isLast ? kinds.last : kinds.middle;
      const own = Buffer.alloc(headBytes);
      own.writeUInt32LE(crc32(piece, crc32(Uint8Array.of(kind))), 0);
      own.writeUInt16LE(piece.length, 4);
      own[6] = kind;
      yield own;
      yield piece;
      offset += headBytes + piece.length;
    }
  }
}
