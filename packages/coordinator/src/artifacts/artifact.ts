// Artifacts: how a stage's output becomes complete, and how completeness is recognised. An artifact exists when its
// manifest does: files are synced first, the manifest is written last, and the folder gets its final name after that.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { makeFolder, measureFile, writeFileAtomic, type Json, type StageResult } from '@calm-orch/core';
import type { ArtifactFile } from '@calm-orch/tracker';
import { discardOutputs } from './adoption.ts';
import type { Layout } from './layout.ts';

export interface Manifest {
  readonly key: string;
  /** Of the stage that made it, or `input`. */
  readonly kind: string;
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

/** The manifest of an artifact; null where there is none that can be read as the one of this key. */
export function readManifest(layout: Layout, key: string): Manifest | null {
  try {
    const value = JSON.parse(fileText(join(layout.artifact(key), manifestName))) as Partial<Manifest> | null;
    const isWhole =
      value?.key === key && typeof value.kind === 'string' && isObject(value.result) && Array.isArray(value.files);
    return isWhole && value.files.every(isFile) ? (value as Manifest) : null;
  } catch {
    return null;
  }
}

/** Of a file of an artifact. @throws where something else lies there: reading a pipe would never end. */
export function fileText(path: string): string {
  if (!statSync(path).isFile()) throw new Error(`${path} is no file`);
  return readFileSync(path, 'utf8');
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function isFile(value: unknown): boolean {
  const { path, bytes, sha256 } = (value ?? {}) as Partial<Record<keyof ArtifactFile, unknown>>;
  return typeof path === 'string' && typeof bytes === 'number' && typeof sha256 === 'string';
}

/** Turns staging/<key> into artifacts/<key> and drops the stage's checkpoints, but for those that stay. */
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
  mkdirSync(dirname(final), { recursive: true });
  // What may lie there is an artifact somebody has damaged; a complete one is never made again.
  const old = moveToTrash(layout, final);
  renameSync(staging, final);
  if (old !== null) rmSync(old, { recursive: true, force: true });
  await syncDirectory(dirname(final));
  removeLeftovers(layout, key);
  return manifest;
}

/** Takes a folder away from its place at once; where it lies now, to be removed; null where there was none. */
export function moveToTrash(layout: Layout, path: string): string | null {
  const place = layout.trash(`${basename(path)}-${randomUUID()}`);
  makeFolder(dirname(place));
  try {
    renameSync(path, place);
    return place;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    // A folder somebody keeps on another disk.
    if (code !== 'EXDEV') throw error;
    rmSync(path, { recursive: true, force: true });
    return null;
  }
}

/** Removes what an attempt that outlived its lease may have written after the artifact was complete. */
export function removeLeftovers(layout: Layout, key: string): void {
  const checkpoints = layout.checkpoint(key);
  const kept = layout.keptCheckpoints(key);
  const left = existsSync(kept) ? readdirSync(checkpoints).map((name) => join(checkpoints, name)) : [checkpoints];
  for (const path of [layout.staging(key), ...left]) if (path !== kept) rmSync(path, { recursive: true, force: true });
  discardOutputs(layout, key);
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

/** What is on the disk for good, and its hash. */
export async function syncAndHash(path: string): Promise<{ bytes: number; sha256: string }> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
    return await measureFile(handle);
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
