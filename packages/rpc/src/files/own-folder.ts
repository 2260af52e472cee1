// The folder of a worker that does not see the run folder. Each attempt gets its inputs and the stage's checkpoints fetched,
// writes here, and its files are handed over. Stage code knows nothing of it: the paths of the item are others, that is all.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, wholeFilesIn } from '@calm-orch/core';
import { ownedName } from '../address.ts';
import { Delivery, type FileEntry } from '../generated/calm/v1/artifact.ts';
import type { WorkItem } from '../tensors/wire.ts';
import { openArtifactCache } from './artifact-cache.ts';
import { createCheckpointMirror } from './checkpoint-mirror.ts';
import { ownedBy, removeOrphans } from './owners.ts';
import { download, entryOf, isWhole, listFiles, upload, type ArtifactApi } from './transfer.ts';

export interface OwnFolder {
  begin(work: WorkItem, log: (line: string) => void): AttemptFiles;
  /** Removes what attempts have left; artifacts stay. */
  close(): void;
}

/** Of one attempt. */
export interface AttemptFiles {
  /** The item with paths of this folder, where its inputs are by then. @throws CalmError */
  fetch(signal: AbortSignal): Promise<WorkItem>;
  /** Hands over what it has written. @throws CalmError */
  deliver(signal: AbortSignal): Promise<void>;
  /** Hands over its last checkpoint, of an attempt that ends without a result. */
  keepCheckpoint(signal: AbortSignal): Promise<void>;
  /** It is over: its files go. */
  end(): void;
}

export interface OwnFolderOptions {
  readonly dir: string;
  readonly maxBytes: number;
  readonly api: ArtifactApi;
}

export function openOwnFolder({ dir, maxBytes, api }: OwnFolderOptions): OwnFolder {
  const owner = ownedName();
  const cache = openArtifactCache(dir, maxBytes, owner);
  const attempts = join(dir, 'attempts');
  mkdirSync(attempts, { recursive: true });
  removeOrphans(attempts);
  /** Whose bytes this process has seen: a disk may have lost what another one wrote before a power cut. */
  const verified = new Set<string>();
  const own = join(attempts, ownedBy('of', owner));
  const fetchArtifact = async (token: string, key: string, signal: AbortSignal, log: (line: string) => void) => {
    const source = { token, key };
    const files = await listFiles(api, source, { known: verified.has(key) ? cache.known(key) : null, signal });
    if (files === null) return;
    if (await isWhole(files, cache.folder(key))) {
      cache.known(key);
      return void verified.add(key);
    }
    cache.drop(key);
    const startedMs = performance.now();
    await cache.fill(key, files, (into) => download(api, source, files, into, signal));
    verified.add(key);
    log(`fetched artifact ${key.slice(0, 8)}: ${sizeText(files)} in ${secondsSince(startedMs)}`);
  };
  /** They may be replaced while they are fetched. */
  const fetchCheckpoints = async (token: string, into: string, signal: AbortSignal): Promise<void> => {
    const source = { token, key: '' };
    for (let tries = 0; ; tries++) {
      mkdirSync(into, { recursive: true });
      const files = (await listFiles(api, source, { signal })) ?? [];
      try {
        return await download(api, source, files, into, signal);
      } catch (error) {
        const isGone = error instanceof CalmError && (error.code === 'not_found' || error.code === 'bad_data');
        if (!isGone || tries === 2) throw error;
        rmSync(into, { recursive: true });
      }
    }
  };
  return {
    begin: (work, log) => {
      const { token, inputKeys } = work;
      const folder = join(own, token);
      const [outputDir, checkpointDir] = [join(folder, 'output'), join(folder, 'checkpoints')];
      const keys = [...new Set(Object.values(inputKeys))];
      const mirror = createCheckpointMirror({
        api,
        token,
        log,
        dir: checkpointDir,
        snapshotDir: join(folder, 'snapshot'),
      });
      return {
        fetch: async (signal) => {
          keys.forEach(cache.hold);
          mkdirSync(outputDir, { recursive: true });
          for (const key of keys) await fetchArtifact(token, key, signal, log);
          await fetchCheckpoints(token, checkpointDir, signal);
          mirror.start();
          const inputs = Object.entries(inputKeys).map(([name, key]) => [name, cache.folder(key)] as const);
          return { ...work, inputs: Object.fromEntries(inputs), outputDir, checkpointDir };
        },
        deliver: async (signal) => {
          mirror.stop();
          const startedMs = performance.now();
          const files: FileEntry[] = [];
          for (const path of wholeFilesIn(outputDir)) files.push(await entryOf(outputDir, path));
          await upload(api, { token, delivery: Delivery.RESULT }, files, outputDir, signal);
          log(`handed over its result: ${sizeText(files)} in ${secondsSince(startedMs)}`);
        },
        keepCheckpoint: (signal) => mirror.finish(signal),
        end: () => {
          mirror.stop();
          keys.forEach(cache.release);
          // A computation that was killed may write still.
          rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
        },
      };
    },
    close: () => rmSync(own, { recursive: true, force: true }),
  };
}

function sizeText(files: readonly FileEntry[]): string {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return `${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`;
}

const secondsSince = (ms: number): string => `${((performance.now() - ms) / 1000).toFixed(1)} s`;
