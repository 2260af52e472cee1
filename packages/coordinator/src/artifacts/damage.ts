// What is wrong with an artifact. Its files are those that the tracker recorded when the stage succeeded; the manifest must
// say the same. A damaged artifact counts as absent: whoever finds one makes it again, or says that it is gone.
import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import {
  canonicalJson,
  foundationFile,
  foundationSourcesFile,
  sha256OfFile,
  type FoundationSources,
} from '@calm-orch/core';
import type { ArtifactFile, Tracker } from '@calm-orch/tracker';
import { fileText, manifestName, readManifest, type Manifest } from './artifact.ts';
import type { Layout } from './layout.ts';

export interface Damage {
  /** Relative to the artifact; of files that lie elsewhere, absolute. */
  readonly path: string;
  readonly problem:
    | 'is missing'
    | 'has another size'
    | 'has other bytes'
    | 'cannot be read'
    | 'does not belong here'
    | 'is no manifest of this artifact'
    | 'lists other files than were recorded';
}

/**
 * How closely to look: `sizes` at names and sizes; `reuse` also at the bytes of files up to 64 MiB, and of larger ones that
 * were changed after the manifest was written; `all` at every byte.
 */
export type Depth = 'sizes' | 'reuse' | 'all';

/** Hashing files up to here takes a second a gigabyte; of larger ones a run may have terabytes. */
const hashedBytes = 64 * 1024 * 1024;

/** Left by killed writers, file systems and file managers; no stage reads such names. */
const nobodys = /\.tmp$|(^|\/)(\.[^/]*|Thumbs\.db)$/;

/** What is wrong; nothing: the artifact is whole. @param recorded The files the tracker knows, where it knows them. */
export function damageOf(
  layout: Layout,
  key: string,
  depth: Depth,
  recorded: readonly ArtifactFile[] | null = null,
): Damage[] {
  const dir = layout.artifact(key);
  const manifest = readManifest(layout, key);
  const writtenMs = changedMs(join(dir, manifestName));
  if (writtenMs === undefined) return [{ path: manifestName, problem: 'is missing' }];
  const found: Damage[] = [];
  if (manifest === null) found.push({ path: manifestName, problem: 'is no manifest of this artifact' });
  else if (recorded !== null && canonicalJson(sorted(recorded)) !== canonicalJson(sorted(manifest.files)))
    found.push({ path: manifestName, problem: 'lists other files than were recorded' });
  const files = recorded ?? manifest?.files ?? [];
  const looksInto = ({ bytes }: ArtifactFile, mtimeMs: number): boolean =>
    depth === 'all' || (depth === 'reuse' && (bytes <= hashedBytes || mtimeMs >= writtenMs));
  for (const file of files) found.push(...damageOfFile(join(dir, file.path), file, looksInto));
  const known = new Set([manifestName, ...files.map(({ path }) => path)]);
  for (const path of filesIn(dir))
    if (!known.has(path) && !nobodys.test(path)) found.push({ path, problem: 'does not belong here' });
  if (recorded === null && manifest?.kind === 'input') found.push(...damageOfInput(layout, manifest, depth));
  return found;
}

/** The same by what the tracker has recorded of the stage. */
export function damageOfStage(tracker: Tracker, layout: Layout, key: string, depth: Depth): Damage[] {
  return damageOf(layout, key, depth, tracker.findSucceededStage(key)?.artifacts ?? null);
}

/** The manifest of an artifact with all of its files, by their sizes, else null. */
export function readArtifact(layout: Layout, key: string): Manifest | null {
  return damageOf(layout, key, 'sizes').length === 0 ? readManifest(layout, key) : null;
}

/** The same by the manifest alone: of a stage that is not recorded as succeeded, as it was killed in between. */
export function isArtifactWhole(layout: Layout, key: string): boolean {
  return damageOf(layout, key, 'reuse').length === 0;
}

/** `images/1.png has other bytes, and 2 more`. */
export function damageText([first, ...more]: readonly Damage[]): string {
  return `${first!.path} ${first!.problem}${more.length > 0 ? `, and ${more.length} more` : ''}`;
}

const sorted = (files: readonly ArtifactFile[]): ArtifactFile[] =>
  files
    .map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));

function damageOfFile(
  path: string,
  { path: name, bytes, sha256 }: ArtifactFile,
  looksInto: (file: ArtifactFile, mtimeMs: number) => boolean,
): Damage[] {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [{ path: name, problem: 'is missing' }];
    if (!stat.isFile()) return [{ path: name, problem: 'cannot be read' }];
    if (stat.size !== bytes) return [{ path: name, problem: 'has another size' }];
    if (looksInto({ path: name, bytes, sha256 }, stat.mtimeMs) && sha256OfFile(path) !== sha256)
      return [{ path: name, problem: 'has other bytes' }];
    return [];
  } catch {
    return [{ path: name, problem: 'cannot be read' }];
  }
}

/** The pretrained models are known by their content: one file by its own hash, folders by what is written of their files. */
function damageOfInput(layout: Layout, { key, files }: Manifest, depth: Depth): Damage[] {
  const [file] = files;
  if (files.length !== 1 || file === undefined)
    return [{ path: manifestName, problem: 'is no manifest of this artifact' }];
  if (file.path === foundationFile)
    return file.sha256 === key ? [] : [{ path: manifestName, problem: 'is no manifest of this artifact' }];
  if (file.path !== foundationSourcesFile || depth !== 'all') return [];
  try {
    const path = join(layout.artifact(key), foundationSourcesFile);
    const sources = JSON.parse(fileText(path)) as FoundationSources;
    return sources.files.flatMap((source) => damageOfFile(source.path, source, () => true));
  } catch {
    // Said already.
    return [];
  }
}

/** Undefined where there is no such file; of one that cannot be looked at, the beginning of time. */
function changedMs(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    return 0;
  }
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch {
    return [];
  }
}
