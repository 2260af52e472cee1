// Reads what keys depend on beside the experiment: code, checkpoint and loose files. Reading files is all it does.
import { existsSync } from 'node:fs';
import {
  hashOf,
  leftOutNote,
  walkFolder,
  type Json,
  type StageDefinition,
  type StageKind,
  type TrialConfig,
} from '@calm-orch/core';
import { codeVersions } from '../code/code-cache.ts';
import { fileHasher, type HashFile } from './file-hashes.ts';
import { readFoundationFiles, type Foundation } from './foundation-artifact.ts';
import type { PlanSources } from './plan.ts';

/** What stands for the content of a folder, and what in it cannot be read. */
export interface FolderIdentity {
  readonly identity: Json;
  /** null: everything can. */
  readonly note: string | null;
}

export interface PlanSourceOptions {
  /** All kinds of stages. */
  readonly kinds: readonly StageDefinition[];
  /** Built module that holds a kind's stage function. */
  readonly stageEntry: (definition: StageDefinition) => string;
  readonly engine: Json;
  /** Of a dataset's root folder. */
  readonly datasetIdentity: (name: string, root: string, hashFile: HashFile) => FolderIdentity;
  /** Of a folder of one's own photographs. */
  readonly photosIdentity: (dir: string) => FolderIdentity;
  /** File that remembers hashes of large checkpoints and label files. */
  readonly hashCache?: string;
  /** File that remembers versions of stages' code. */
  readonly codeCache?: string;
}

export async function planSources({
  kinds,
  stageEntry,
  engine,
  datasetIdentity,
  photosIdentity,
  hashCache,
  codeCache,
}: PlanSourceOptions): Promise<PlanSources> {
  const entries = new Map(kinds.map((definition) => [definition.kind, stageEntry(definition)]));
  const versions = await codeVersions([...entries.values()], codeCache);
  const versionOf = (kind: StageKind) => versions.get(entries.get(kind)!)!;
  const foundations = new Map<string, Foundation>();
  const hashFile = fileHasher(hashCache);
  const folders = new Map<string, Json>();
  const notes = new Set<string>();
  const noted = ({ identity, note }: FolderIdentity): Json => {
    if (note !== null) notes.add(note);
    return identity;
  };
  const memo = <T>(map: Map<string, T>, key: string, make: () => T): T => {
    if (!map.has(key)) map.set(key, make());
    return map.get(key)!;
  };
  return {
    kinds,
    engine,
    code: (kind) => versionOf(kind).hash,
    modules: (kind) => versionOf(kind).modules,
    foundation: (config) => memo(foundations, hashOf(config), () => readFoundationFiles(config, hashFile)),
    files: ({ carriedFolder: own }, config) => {
      const { data } = config as unknown as Partial<Pick<TrialConfig, 'data'>>;
      if (data?.source === 'files') {
        const identityOf = (name: string, root: string): Json =>
          memo(folders, `${name} ${root}`, () => noted(datasetIdentity(name, root, hashFile)));
        return Object.fromEntries(Object.entries(data.roots).map(([name, root]) => [name, identityOf(name, root)]));
      }
      const users = data?.unlabeledDir ?? null;
      if (own === undefined && users === null) return null;
      return {
        carried: own === undefined ? null : memo(folders, own, () => noted(contentsOf(own, hashFile))),
        users: users === null ? null : memo(folders, `users ${users}`, () => noted(photosIdentity(users))),
      };
    },
    notes: () => [...notes],
  };
}

function contentsOf(dir: string, hashFile: HashFile): FolderIdentity {
  if (!existsSync(dir)) return { identity: null, note: null };
  const { files, leftOut } = walkFolder(dir);
  return { identity: hashOf(files.map(({ name, path }) => [name, hashFile(path)])), note: leftOutNote(dir, leftOut) };
}
