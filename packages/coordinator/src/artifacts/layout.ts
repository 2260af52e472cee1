// Where things lie in a run folder. Everything a run leaves is below `dir`; only this file knows the names.
import { join, resolve, sep } from 'node:path';
import { keptFolder } from '@calm-orch/core';

/** In place of a run's id: what a process in the background says before its run is recorded. */
export const startingLogs = 'starting';

export interface Layout {
  readonly dir: string;
  /** A complete, immutable stage output. */
  artifact(key: string): string;
  /** The same output while items are missing; renamed when complete. */
  staging(key: string): string;
  /** What one attempt at an item writes, until the item is done. */
  attempt(key: string, token: string): string;
  /** What an attempt on another host is handing over, until all of it is there. */
  incoming(key: string, token: string, what: 'result' | 'checkpoints'): string;
  /** Training checkpoints, kept over attempts and runs until the stage has succeeded. */
  checkpoint(key: string): string;
  /** Of these, those that stay as long as the artifact (`train.keepCheckpoints`). */
  keptCheckpoints(key: string): string;
  log(runId: string, worker: string): string;
  /** What is on its way out: moved here in an instant, removed afterwards. */
  trash(name: string): string;
  /** Where the coordinator of a run under way is reached. */
  connection(runId: string): string;
  /** What lets the worker of a slot join, wherever its launcher starts it. */
  joinFile(runId: string, worker: string): string;
}

export function layoutOf(dir: string): Layout {
  const root = resolve(dir);
  const within = (name: string): string => join(root, name) + sep;
  // Put together without `join` where every item needs them.
  const artifacts = within('artifacts');
  const staging = within('staging');
  const checkpoints = within('checkpoints');
  const logs = within('logs');
  return {
    dir: root,
    artifact: (key) => `${artifacts}${key}`,
    staging: (key) => `${staging}${key}`,
    attempt: (key, token) => `${staging}${key}-${token}`,
    incoming: (key, token, what) => `${staging}${key}-${token}-${what}`,
    checkpoint: (key) => `${checkpoints}${key}`,
    keptCheckpoints: (key) => join(`${checkpoints}${key}`, keptFolder),
    trash: (name) => join(root, 'trash', name),
    log: (runId, worker) => `${logs}${runId}${sep}${worker}.log`,
    connection: (runId) => join(root, 'connections', `${runId}.json`),
    joinFile: (runId, worker) => join(root, 'joins', runId, worker),
  };
}
