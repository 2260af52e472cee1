// Files from and to the coordinator of another host, in pieces. What has arrived stays: whoever is cut off goes on there.
// Every file is compared with the hash it was announced with; no byte more is taken than its size says.
import { appendFileSync, closeSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CalmError, isInnerName, measureFile } from '@calm-orch/core';
import type {
  ArtifactServiceService,
  Delivery,
  FileEntry,
  FilePiece,
  FileRange,
} from '../generated/calm/v1/artifact.ts';
import type { Api } from '../service.ts';

export type ArtifactApi = Api<typeof ArtifactServiceService>;

/** What of a lease is read: an input by its key, or with an empty one the stage's checkpoints. */
export interface Source {
  readonly token: string;
  readonly key: string;
}

const bytesPerCall = 1024 * 1024;
const filesPerCall = 500;
/** Calls under way at once: one answer is written while the next are on their way. */
const ahead = 3;
/** Files that came with other bytes are asked for again. */
const maxRounds = 3;
/** A megabyte within it. */
const deadlineMs = 60_000;
/** The coordinator hashes checkpoints. */
const longDeadlineMs = 600_000;

/** All files of a source; null where the first one has this hash: then it is known what the others are. */
export async function listFiles(
  api: ArtifactApi,
  source: Source,
  { known = null, signal }: { readonly known?: string | null; readonly signal: AbortSignal },
): Promise<FileEntry[] | null> {
  const all: FileEntry[] = [];
  for (;;) {
    const asked = { ...source, skip: all.length };
    const { files, numFiles } = await api.listFiles(asked, { signal, deadlineMs: longDeadlineMs });
    files.forEach(check);
    all.push(...files);
    if (known !== null && all[0]?.sha256 === known) return null;
    if (all.length >= numFiles) return all;
    if (files.length === 0) throw new CalmError('io', `${all.length} of ${numFiles} files were listed`);
  }
}

function check({ path, sizeBytes, sha256 }: FileEntry): void {
  if (isInnerName(path) && Number.isSafeInteger(sizeBytes) && /^[0-9a-f]{64}$/.test(sha256)) return;
  throw new CalmError('bad_data', `the coordinator lists a file that cannot be one: ${JSON.stringify(path)}`);
}

/** Goes on with what lies in the folder. @throws CalmError `bad_data` where files keep coming with other bytes. */
export async function download(
  api: ArtifactApi,
  source: Source,
  files: readonly FileEntry[],
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  let left = files;
  for (let round = 0; round < maxRounds; round++) {
    await receive(api, source, left, dir, signal);
    left = await removeWrong(left, dir);
    if (left.length === 0) return;
  }
  throw new CalmError('bad_data', `${left[0]!.path} came ${maxRounds} times with other bytes than were announced`);
}

async function receive(
  api: ArtifactApi,
  source: Source,
  files: readonly FileEntry[],
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  const underWay: { readonly ranges: FileRange[]; readonly answer: Promise<{ pieces: Buffer[] }> }[] = [];
  const take = async (): Promise<void> => {
    const { ranges, answer } = underWay.shift()!;
    const { pieces } = await answer;
    for (const [i, { path, sizeBytes }] of ranges.entries()) {
      const piece = pieces[i];
      if (piece?.length !== sizeBytes) throw new CalmError('io', `${path}: a piece came with another length`);
      appendFileSync(join(dir, path), piece);
    }
  };
  for (const ranges of batches(missing(files, dir))) {
    const answer = api.readFiles({ ...source, ranges }, { signal, deadlineMs });
    // Nobody waits for it where an earlier one fails.
    answer.catch(() => {});
    underWay.push({ ranges, answer });
    if (underWay.length >= ahead) await take();
  }
  while (underWay.length > 0) await take();
}

/** Ranges of what is not in the folder; files are made, and cut where they are too long. */
function* missing(files: readonly FileEntry[], dir: string): Generator<FileRange> {
  for (const { path, sizeBytes } of files) {
    const place = join(dir, path);
    mkdirSync(dirname(place), { recursive: true });
    if ((statSync(place, { throwIfNoEntry: false })?.size ?? 0) > sizeBytes) rmSync(place);
    closeSync(openSync(place, 'a'));
    yield* rangesOf(path, statSync(place).size, sizeBytes);
  }
}

function* rangesOf(path: string, from: number, to: number): Generator<FileRange> {
  for (let offset = from; offset < to; offset += bytesPerCall)
    yield { path, offset, sizeBytes: Math.min(bytesPerCall, to - offset) };
}

/** As many ranges as one call may have. */
function* batches(ranges: Iterable<FileRange>): Generator<FileRange[]> {
  let batch: FileRange[] = [];
  let bytes = 0;
  for (const range of ranges) {
    if (batch.length === filesPerCall || bytes + range.sizeBytes > bytesPerCall) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(range);
    bytes += range.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

/** Whether all files lie in the folder, byte for byte. */
export async function isWhole(files: readonly FileEntry[], dir: string): Promise<boolean> {
  const hasSize = ({ path, sizeBytes }: FileEntry): boolean =>
    statSync(join(dir, path), { throwIfNoEntry: false })?.size === sizeBytes;
  if (!files.every(hasSize)) return false;
  for (const { path, sha256 } of files) if ((await entryOf(dir, path)).sha256 !== sha256) return false;
  return true;
}

/** Removes and returns files that are not what was announced. */
async function removeWrong(files: readonly FileEntry[], dir: string): Promise<FileEntry[]> {
  const wrong: FileEntry[] = [];
  for (const file of files) {
    if ((await entryOf(dir, file.path)).sha256 === file.sha256) continue;
    rmSync(join(dir, file.path));
    wrong.push(file);
  }
  return wrong;
}

/** What of a file is announced. */
export async function entryOf(dir: string, path: string): Promise<FileEntry> {
  const handle = await open(join(dir, path), 'r');
  try {
    const { bytes, sha256 } = await measureFile(handle);
    return { path, sizeBytes: bytes, sha256 };
  } finally {
    await handle.close();
  }
}

/** Hands files over, as one delivery of the lease. @throws CalmError `bad_data` where they keep arriving with other bytes. */
export async function upload(
  api: ArtifactApi,
  target: { readonly token: string; readonly delivery: Delivery },
  files: readonly FileEntry[],
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  const held: number[] = [];
  do {
    const next = files.slice(held.length, held.length + filesPerCall);
    const { heldBytes } = await api.offerFiles({ ...target, skip: held.length, files: next }, { signal, deadlineMs });
    if (heldBytes.length !== next.length) throw new CalmError('io', 'the answer to an offer is of other files');
    held.push(...heldBytes);
  } while (held.length < files.length);
  let left = files.flatMap(({ path, sizeBytes }, i) => [...rangesOf(path, held[i]!, sizeBytes)]);
  for (let round = 0; round < maxRounds; round++) {
    for (const ranges of batches(left))
      await api.writeFiles({ ...target, pieces: ranges.map((range) => pieceOf(dir, range)) }, { signal, deadlineMs });
    const { damaged } = await api.sealFiles(target, { signal, deadlineMs: longDeadlineMs });
    if (damaged.length === 0) return;
    const again = new Set(damaged);
    left = files.flatMap(({ path, sizeBytes }) => (again.has(path) ? [...rangesOf(path, 0, sizeBytes)] : []));
  }
  throw new CalmError(
    'bad_data',
    `files of the attempt arrived ${maxRounds} times with other bytes than were announced`,
  );
}

function pieceOf(dir: string, { path, offset, sizeBytes }: FileRange): FilePiece {
  const piece = Buffer.allocUnsafe(sizeBytes);
  const descriptor = openSync(join(dir, path), 'r');
  try {
    for (let done = 0; done < sizeBytes;) {
      const got = readSync(descriptor, piece, done, sizeBytes - done, offset + done);
      if (got === 0) throw new CalmError('io', `${path} has become shorter while it was handed over`);
      done += got;
    }
    return { path, offset, piece };
  } finally {
    closeSync(descriptor);
  }
}
