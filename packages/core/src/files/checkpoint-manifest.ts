// The manifest of a checkpoint, written last: which files hold it, with their sha256, and which numbers of each vector are in
// which. A checkpoint is whole when all of its parts are there and match.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '../errors.ts';
import type { AppliedSteps, StateDigest } from '../stage.ts';
import { checkpointName } from './checkpoint-names.ts';
import { isInnerName } from './inner-name.ts';
import { sha256OfFile } from './pieces.ts';

/** A file beside the manifest with numbers first .. end - 1 of weights, first and second moments. */
export interface CheckpointPart {
  readonly file: string;
  readonly sha256: string;
  readonly first: number;
  /** null: to the last; the one file of a checkpoint of an earlier version. */
  readonly end: number | null;
}

export interface CheckpointManifest {
  /** Steps done. */
  readonly step: number;
  readonly parts: readonly CheckpointPart[];
  /** How the state came about. */
  readonly lineage?: readonly AppliedSteps[];
  readonly digests?: readonly StateDigest[];
}

/** The manifest after `step` steps, once all files it names have been hashed. @throws CalmError `bad_data`, or what reading threw */
export function readCheckpoint(dir: string, step: number): CheckpointManifest {
  const name = checkpointName(step);
  const { sha256, ...found } = JSON.parse(
    readFileSync(join(dir, `${name}.json`), 'utf8'),
  ) as Partial<CheckpointManifest> & {
    readonly sha256?: string;
  };
  const { parts = sha256 === undefined ? [] : [{ file: `${name}.safetensors`, sha256, first: 0, end: null }] } = found;
  if (parts.length === 0) throw new CalmError('bad_data', `${join(dir, name)}.json names no files`);
  for (const { file, sha256 } of parts)
    if (!isInnerName(file) || sha256OfFile(join(dir, file)) !== sha256)
      throw new CalmError('bad_data', `${join(dir, file)} is damaged`);
  return { ...found, step, parts };
}
