// TensorBoard's event files: TFRecords of Event messages, a folder a trial. Scalars have 32 bits there, as TensorBoard's own.
import { join } from 'node:path';
import { canonicalJson, writeFileAtomic } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { maskedCrc32c } from './crc32c.ts';
import { exportedTrials, pointsOf, type ExportedTrial } from './exported-run.ts';
import { folderName } from './folder-name.ts';
import { encodeMessage, type Field } from './protobuf.ts';

// Fields of tensorboard/compat/proto: event.proto, summary.proto, tensor.proto.
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 };
const summaryValue = 1;
const value = { tag: 1, simple: 2, tensor: 8, metadata: 9 };
const tensor = { type: 1, shape: 2, strings: 8 };
const stringType = 7;

/** @returns Points written. */
export function writeTensorboard(dir: string, tracker: Tracker, run: RunRecord): number {
  let numPoints = 0;
  for (const trial of exportedTrials(tracker, run)) {
    const seconds = Math.floor(trial.startedMs / 1000);
    const path = join(dir, folderName(trial.name), `events.out.tfevents.${seconds}.calm-orch`);
    writeFileAtomic(
      path,
      events(tracker, run, trial, () => numPoints++),
    );
  }
  return numPoints;
}

function* events(tracker: Tracker, run: RunRecord, trial: ExportedTrial, count: () => void): Generator<Uint8Array> {
  yield record(trial.startedMs, [[event.fileVersion, { text: 'brain.Event:2' }]]);
  const settings = [...trial.tags, ...[...trial.parameters].map(([key, own]) => [key, canonicalJson(own)] as const)];
  const lines = settings.map(([key, own]) => `| ${key} | ${own.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`);
  yield summary(
    trial.startedMs,
    0,
    'configuration',
    textFields(['| key | value |', '| :-- | :-- |', ...lines].join('\n')),
  );
  for (const { curve, step, value: own, atMs } of pointsOf(tracker, run, trial)) {
    count();
    yield summary(atMs, step, curve, [[value.simple, { float: own }]]);
  }
  for (const [name, own] of trial.metrics)
    yield summary(trial.endedMs ?? trial.startedMs, 0, name, [[value.simple, { float: own ?? Number.NaN }]]);
}

/** Markdown that the text plugin shows. */
function textFields(text: string): Field[] {
  const plugin = encodeMessage([[1, { text: 'text' }]]);
  return [
    [value.metadata, { message: encodeMessage([[1, { message: plugin }]]) }],
    [
      value.tensor,
      {
        message: encodeMessage([
          [tensor.type, { integer: stringType }],
          [tensor.shape, { message: new Uint8Array() }],
          [tensor.strings, { text }],
        ]),
      },
    ],
  ];
}

function summary(atMs: number, step: number, tag: string, fields: readonly Field[]): Uint8Array {
  const own = encodeMessage([[value.tag, { text: tag }], ...fields]);
  return record(atMs, [
    [event.step, { integer: step }],
    [event.summary, { message: encodeMessage([[summaryValue, { message: own }]]) }],
  ]);
}

/** A TFRecord: length, its checksum, the message, its checksum. */
function record(atMs: number, fields: readonly Field[]): Uint8Array {
  const message = encodeMessage([[event.wallTime, { double: atMs / 1000 }], ...fields]);
  const bytes = Buffer.alloc(12 + message.length + 4);
  bytes.writeBigUInt64LE(BigInt(message.length), 0);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  bytes.set(message, 12);
  bytes.writeUInt32LE(maskedCrc32c(message), 12 + message.length);
  return bytes;
}
