// The pretrained models as an artifact of the run folder, keyed by their content, so that stages find them among their
// inputs like any other. The one carried file is copied, under its sha256; models in folders are named where they lie.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  CalmError,
  foundationFile,
  foundationFiles,
  foundationParts,
  foundationPaths,
  foundationSourcesFile,
  hashOf,
  sha256OfFile,
  writeFileAtomic,
  type Experiment,
  type FoundationConfig,
  type FoundationSources,
  type SourceFile,
} from '@calm-orch/core';
import { manifestName, moveToTrash, type Manifest } from '../artifacts/artifact.ts';
import { damageOf, damageText } from '../artifacts/damage.ts';
import type { HashFile } from './file-hashes.ts';
import type { Layout } from '../artifacts/layout.ts';

export { foundationFile };

/** What a foundation is: its key, and its one file or its sources. */
export type Foundation =
  { readonly key: string; readonly file: string } | { readonly key: string; readonly sources: FoundationSources };

/**
 * Reads and hashes all files of a foundation.
 * @throws CalmError `not_found` naming the configuration key that leads nowhere.
 */
export function readFoundationFiles(config: FoundationConfig, hashFile: HashFile): Foundation {
  const parts = foundationPaths(config);
  const named = foundationParts.flatMap((part) => {
    const path = parts[part];
    return path === undefined ? [] : foundationFiles(part, path).map((file) => ({ part, file }));
  });
  const [first] = named;
  if (named.length === 1 && first!.part === 'checkpoint') return { key: hashFile(first!.file), file: first!.file };
  const files = named.map(({ file }): SourceFile => {
    const { size, mtimeMs } = statSync(file);
    return { path: file, bytes: size, mtimeMs, sha256: hashFile(file) };
  });
  const content = named.map(({ part, file }, i) => [part, basename(file), files[i]!.sha256]);
  return { key: hashOf(content), sources: { parts, files } };
}

/** Puts what the experiment's rows start from into artifacts/<key>; what was wrong with what was there. */
export function importFoundation(
  layout: Layout,
  experiment: Experiment,
  read: (config: FoundationConfig) => Foundation,
): string[] {
  if (experiment.only === 'foundation') return [];
  const all = experiment.rows.map((row) => read(row.config(experiment.seeds[0]!).foundation));
  const different = [...new Map(all.map((foundation) => [foundation.key, foundation])).values()];
  return different.flatMap((foundation) => importOne(layout, foundation) ?? []);
}

function importOne(layout: Layout, foundation: Foundation): string | undefined {
  const { key } = foundation;
  const damage = existsSync(layout.artifact(key)) ? damageOf(layout, key, 'reuse') : [];
  if (isThere(layout, foundation)) return undefined;
  // Of its own: another run may be at the same.
  const staging = `${layout.staging(key)}-${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  let path: string;
  if ('file' in foundation) {
    path = foundationFile;
    copyFileSync(foundation.file, join(staging, path));
  } else {
    path = foundationSourcesFile;
    writeFileAtomic(join(staging, path), sourcesText(foundation.sources));
  }
  const files = [{ path, bytes: statSync(join(staging, path)).size, sha256: sha256OfFile(join(staging, path)) }];
  if ('file' in foundation && files[0]!.sha256 !== key)
    throw new CalmError('bad_data', `${foundation.file}: has changed since the run was planned; start the run again`);
  const manifest: Manifest = { key, kind: 'input', files, result: {}, ingredients: null };
  writeFileAtomic(join(staging, manifestName), `${JSON.stringify(manifest, null, 1)}\n`);
  mkdirSync(join(layout.dir, 'artifacts'), { recursive: true });
  if (isThere(layout, foundation)) rmSync(staging, { recursive: true });
  else {
    const old = moveToTrash(layout, layout.artifact(key));
    renameSync(staging, layout.artifact(key));
    if (old !== null) rmSync(old, { recursive: true, force: true });
  }
  return damage.length > 0 ? `foundation: ${damageText(damage)}` : undefined;
}

/** Files of the same content may have moved since: then the artifact that names them is out of date. */
function isThere(layout: Layout, foundation: Foundation): boolean {
  if (damageOf(layout, foundation.key, 'reuse').length > 0) return false;
  if ('file' in foundation) return true;
  const path = join(layout.artifact(foundation.key), foundationSourcesFile);
  return readFileSync(path, 'utf8') === sourcesText(foundation.sources);
}

const sourcesText = (sources: FoundationSources): string => `${JSON.stringify(sources, null, 1)}\n`;
