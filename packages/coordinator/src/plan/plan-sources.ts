// Reads what keys depend on beside the experiment: code, checkpoint and loose files. Reading files is all it does.
import { existsSync } from 'node:fs';
import {
  hashOf,
  leftOutNote,
  stageRoles,
  walkFolder,
  type Json,
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
  /** Built module that holds a kind's stage function. */
  readonly stageEntry: (kind: StageKind) => string;
  readonly engine: Json;
  /** Of a dataset's root folder. */
  readonly datasetIdentity: (name: string, root: string) => FolderIdentity;
  /** Of a folder of one's own photographs. */
  readonly photosIdentity: (dir: string) => FolderIdentity;
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
  photosIdentity,
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
    engine,
    code: (kind) => versions.get(stageEntry(kind))!.hash,
    modules: (kind) => versions.get(stageEntry(kind))!.modules,
    foundation: (config) => memo(foundations, hashOf(config), () => readFoundationFiles(config, hashFile)),
    files: (kind, config) => {
      const own = carried[kind];
      const data = kind === 'data' ? (config as unknown as Pick<TrialConfig, 'data'>).data : null;
      if (data?.source === 'files') {
        const identityOf = (name: string, root: string): Json =>
          memo(folders, `${name} ${root}`, () => noted(datasetIdentity(name, root)));
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
