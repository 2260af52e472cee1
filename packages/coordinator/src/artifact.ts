// Artifacts: how a stage's output becomes complete, and how completeness is recognised. An artifact exists when its
// manifest does: files are synced first, the manifest is written last, and the folder gets its final name after that.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic, type Json, type StageKind, type StageResult } from '@calm-orch/core';
import type { ArtifactFile } from '@calm-orch/tracker';
import type { Layout } from './layout.ts';

export interface Manifest {
  readonly key: string;
  readonly kind: StageKind | 'input';
  /** Paths relative to the artifact, sorted. */
  readonly files: readonly ArtifactFile[];
  readonly result: StageResult;
  /** What was hashed into the key, to tell which part of it a change has changed. */
  readonly ingredients: Json;
  /** Hashes of the modules of its code and versions of packages; for `explain`. */
  readonly modules?: Readonly<Record<string, string>>;
}

export const manifestName = 'manifest.json';

/** Left by a writer that was killed between writing and renaming. */
const unfinishedFile = /\.tmp$/;

const hashedAtOnce = 4;

/** The manifest of a complete artifact (every file there, sizes equal), else null. */
export function readArtifact(layout: Layout, key: string): Manifest | null {
  const dir = layout.artifact(key);
  const path = join(dir, manifestName);
  if (!existsSync(path)) return null;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const whole = (file: ArtifactFile): boolean =>
    statSync(join(dir, file.path), { throwIfNoEntry: false })?.size === file.bytes;
  return manifest.files.every(whole) ? manifest : null;
}

/** Turns staging/<key> into artifacts/<key> and drops the stage's checkpoints. */
export async function publishArtifact(
  layout: Layout,
  { key, kind, result, ingredients, modules = {} }: Omit<Manifest, 'files'>,
): Promise<Manifest> {
  const staging = layout.staging(key);
  mkdirSync(staging, { recursive: true });
  const files = await hashFiles(staging);
  const manifest: Manifest = { key, kind, files, result, ingredients, modules };
  writeFileAtomic(join(staging, manifestName), `${JSON.stringify(manifest, null, 1)}\n`);
  const final = layout.artifact(key);
  // What may lie there is an artifact somebody has damaged; a complete one is never made again.
  rmSync(final, { recursive: true, force: true });
  mkdirSync(dirname(final), { recursive: true });
  renameSync(staging, final);
  await syncDirectory(dirname(final));
  rmSync(layout.checkpoint(key), { recursive: true, force: true });
  return manifest;
}

/** Removes what an attempt that outlived its lease may have written after the artifact was complete. */
export function removeLeftovers(layout: Layout, key: string): void {
  for (const dir of [layout.staging(key), layout.checkpoint(key)]) rmSync(dir, { recursive: true, force: true });
}

async function hashFiles(dir: string): Promise<ArtifactFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const finished = paths.filter((path) => path !== join(dir, manifestName) && !unfinishedFile.test(path));
  for (const path of paths) if (unfinishedFile.test(path)) rmSync(path);
  const files: ArtifactFile[] = [];
  const rest = finished.values();
  const worker = async (): Promise<void> => {
    for (const path of rest)
      files.push({ path: relative(dir, path).split(sep).join('/'), ...(await syncAndHash(path)) });
  };
  await Promise.all(Array.from({ length: hashedAtOnce }, worker));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function syncAndHash(path: string): Promise<{ bytes: number; sha256: string }> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).byteLength;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Makes the rename itself durable, where the system can. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  } finally {
    await handle.close();
  }
}
