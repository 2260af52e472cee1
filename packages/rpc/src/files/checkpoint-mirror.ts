// Checkpoints of an attempt, handed over as they are written, so that another host can go on where this one is lost. A full
// network costs checkpoints, not the training: what could not be handed over comes with the next.
import { linkSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CalmError, wholeFilesIn } from '@calm-orch/core';
import { Delivery, type FileEntry } from '../generated/calm/v1/artifact.ts';
import { entryOf, upload, type ArtifactApi } from './transfer.ts';

export interface CheckpointMirror {
  /** From now on; what is there now the coordinator has. */
  start(): void;
  /** Hands over what is there now, and nothing later. */
  finish(signal: AbortSignal): Promise<void>;
  /** Hands over nothing more. */
  stop(): void;
}

export interface CheckpointMirrorOptions {
  readonly api: ArtifactApi;
  readonly token: string;
  /** Where the attempt writes them, whole files only. */
  readonly dir: string;
  /** For what is on its way: the attempt may remove files meanwhile. */
  readonly snapshotDir: string;
  readonly log: (line: string) => void;
}

const lookEveryMs = 1000;

export function createCheckpointMirror(options: CheckpointMirrorOptions): CheckpointMirror {
  const { api, token, dir, snapshotDir, log } = options;
  const over = new AbortController();
  const hashes = new Map<string, FileEntry>();
  let timer: NodeJS.Timeout | undefined;
  let told = '';
  let pushing: Promise<void> = Promise.resolve();
  let isPushing = false;
  const push = async (): Promise<void> => {
    const now = signatureOf(dir);
    if (now === told) return;
    rmSync(snapshotDir, { recursive: true, force: true });
    const files: FileEntry[] = [];
    for (const path of linkAll(dir, snapshotDir)) files.push(await known(hashes, snapshotDir, path));
    await upload(api, { token, delivery: Delivery.CHECKPOINTS }, files, snapshotDir, over.signal);
    told = now;
    log(`handed over ${files.map(({ path }) => path).join(', ')}`);
  };
  const quietly = async (): Promise<void> => {
    isPushing = true;
    try {
      await push();
    } catch (error) {
      const isOver = over.signal.aborted || (error instanceof CalmError && error.code === 'lease_lost');
      if (!isOver) log(`a checkpoint could not be handed over, will be tried again: ${(error as Error).message}`);
    } finally {
      isPushing = false;
      rmSync(snapshotDir, { recursive: true, force: true });
    }
  };
  const stop = (): void => {
    clearInterval(timer);
    over.abort();
  };
  return {
    start: () => {
      told = signatureOf(dir);
      timer = setInterval(() => {
        if (!isPushing) pushing = quietly();
      }, lookEveryMs);
    },
    finish: async (signal) => {
      clearInterval(timer);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await pushing;
      if (timer !== undefined && !over.signal.aborted) await quietly();
      signal.removeEventListener('abort', stop);
    },
    stop,
  };
}

/** Files are written under other names and renamed: one of the same inode, size and time is the same. */
const stampOf = (path: string): string => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
};

const signatureOf = (dir: string): string =>
  JSON.stringify(wholeFilesIn(dir).map((path) => [path, stampOf(join(dir, path))]));

/** The files as they are now, whatever happens to their names; those that are gone by then are none. */
function linkAll(from: string, to: string): string[] {
  mkdirSync(to, { recursive: true });
  return wholeFilesIn(from).filter((path) => {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    try {
      linkSync(join(from, path), join(to, path));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  });
}

async function known(hashes: Map<string, FileEntry>, dir: string, path: string): Promise<FileEntry> {
  const stamp = `${path} ${stampOf(join(dir, path))}`;
  const entry = hashes.get(stamp) ?? (await entryOf(dir, path));
  hashes.set(stamp, entry);
  return entry;
}
