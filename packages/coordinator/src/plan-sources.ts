// Reads what keys depend on beside the experiment: code, checkpoint and loose files. Reading files is all it does.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CalmError, hashOf, sha256, stageRoles, type Json, type StageKind, type TrialConfig } from '@calm-orch/core';
import { codeVersions } from './code-cache.ts';
import { fileHasher } from './file-hashes.ts';
import { readFoundationFiles, type Foundation } from './foundation-artifact.ts';
import type { PlanSources } from './plan.ts';

export interface PlanSourceOptions {
  /** Built module that holds a kind's stage function. */
  readonly stageEntry: (kind: StageKind) => string;
  readonly engine: Json;
  /** What stands for the content of a dataset's root folder; needed where configurations name datasets. */
  readonly datasetIdentity?: (name: string, root: string) => Json;
  /** Folders of files carried with the program that stages of a kind read. */
  readonly carried: Readonly<Partial<Record<StageKind, string>>>;
  /** File that remembers hashes of large checkpoints. */
  readonly hashCache?: string;
  /** File that remembers versions of stages' code. */
  readonly codeCache?: string;
}

export async function planSources({
  stageEntry,
  engine,
  carried,
  datasetIdentity,
  hashCache,
  codeCache,
}: PlanSourceOptions): Promise<PlanSources> {
  const kinds = Object.keys(stageRoles) as StageKind[];
  const versions = await codeVersions(
    kinds.map((kind) => stageEntry(kind)),
    codeCache,
  );
  const foundations = new Map<string, Foundation>();
  const hashFile = fileHasher(hashCache);
  const folders = new Map<string, Json>();
  const memo = <T>(map: Map<string, T>, key: string, make: () => T): T => {
    if (!map.has(key)) map.set(key, make());
    return map.get(key)!;
  };
  return {
    engine,
    code: (kind) => versions.get(stageEntry(kind))!.hash,
    modules: (kind) => versions.get(stageEntry(kind))!.modules,
    foundation: (config) => memo(foundations, hashOf(config), () => readFoundationFiles(config, hashFile)),
    files: (kind, config) => {
      const own = carried[kind];
      const data = kind === 'data' ? (config as unknown as Pick<TrialConfig, 'data'>).data : null;
      if (data?.source === 'files') {
        const identityOf = (name: string, root: string): Json => {
          if (datasetIdentity) return memo(folders, root, () => datasetIdentity(name, root));
          throw new CalmError('internal', `planning: nobody says what ${name} in ${root} is identified by`);
        };
        return Object.fromEntries(Object.entries(data.roots).map(([name, root]) => [name, identityOf(name, root)]));
      }
      const users = data?.unlabeledDir ?? null;
      if (own === undefined && users === null) return null;
      return {
        carried: own === undefined ? null : memo(folders, own, () => contentsOf(own)),
        // A user's photographs may be many and large: name, size and time of change stand for their content.
        users: users === null ? null : memo(folders, users, () => stampsOf(users)),
      };
    },
  };
}

function contentsOf(dir: string): Json {
  return existsSync(dir) ? hashOf(filesOf(dir).map((path) => [relative(dir, path), sha256(readFileSync(path))])) : null;
}

function stampsOf(dir: string): Json {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
    throw new CalmError('not_found', `data.unlabeledDir: no folder ${dir}; name a folder of photographs`);
  return hashOf(
    filesOf(dir).map((path) => {
      const { size, mtimeMs } = statSync(path);
      return [relative(dir, path), size, mtimeMs];
    }),
  );
}

function filesOf(dir: string): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
