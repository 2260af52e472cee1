// Artifacts as a worker keeps them that does not see the run folder: fetched once, checked, kept up to a size, the least
// recently used removed first and never one in use. Several workers of a host share the folder.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, sha256, wholeFilesIn } from '@calm-orch/core';
import { isOwnerDead } from '../address.ts';
import type { FileEntry } from '../generated/calm/v1/artifact.ts';
import { ownedBy, removeOrphans, splitName } from './owners.ts';

export interface ArtifactCache {
  /** Nobody removes it until it is released. */
  hold(key: string): void;
  release(key: string): void;
  /** Where it lies, if it does. */
  folder(key: string): string;
  /** sha256 of its manifest, which was used now; null: it is not there. */
  known(key: string): string | null;
  /** It is damaged, or was made again with other bytes. */
  drop(key: string): void;
  /** Makes room for it, has it filled, and puts it in place. What an interrupted filling has left is filled up. */
  fill(key: string, files: readonly FileEntry[], fill: (dir: string) => Promise<void>): Promise<void>;
}

const manifestName = 'manifest.json';

/** @param owner Of this process, as `ownedName` says. */
export function openArtifactCache(dir: string, maxBytes: number, owner: string): ArtifactCache {
  const [artifacts, partial, uses] = ['artifacts', 'partial', 'uses'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [artifacts, partial, uses]) mkdirSync(folder, { recursive: true });
  removeOrphans(uses);
  const folder = (key: string): string => join(artifacts, key);
  const mark = (key: string): string => join(uses, ownedBy(key, owner));
  const isHeld = (key: string): boolean =>
    readdirSync(uses)
      .map(splitName)
      .some(({ what, owner: by }) => what === key && !isOwnerDead(by));
  /** Whether it has gone: nothing in use does. */
  const remove = (key: string): boolean => {
    if (isHeld(key)) return false;
    const gone = join(partial, ownedBy('gone', owner));
    renameSync(folder(key), gone);
    // Somebody who has begun to use it in between has not opened it yet.
    if (isHeld(key)) {
      renameSync(gone, folder(key));
      return false;
    }
    rmSync(gone, { recursive: true, force: true });
    return true;
  };
  /** @throws CalmError `io` where all there is to remove would not be enough. */
  const makeRoom = (bytes: number, forKey: string): void => {
    const kept = readdirSync(artifacts).map((key) => {
      return { bytes: sizeOf(folder(key)), usedMs: usedMs(folder(key)), remove: () => remove(key) };
    });
    const begun = readdirSync(partial)
      .filter((name) => splitName(name).what !== forKey)
      .map((name) => {
        const path = join(partial, name);
        const isOrphan = isOwnerDead(splitName(name).owner);
        const drop = (): boolean => isOrphan && (rmSync(path, { recursive: true, force: true }), true);
        return { bytes: sizeOf(path), usedMs: 0, remove: drop };
      });
    const all = [...begun, ...kept].sort((a, b) => a.usedMs - b.usedMs);
    let free = maxBytes - all.reduce((sum, each) => sum + each.bytes, 0);
    for (const each of all) if (free < bytes && each.remove()) free += each.bytes;
    if (free < bytes)
      throw new CalmError(
        'io',
        `inputs of this item do not fit into the ${gb(maxBytes)} that ${dir} may take (--cache-gb): one has ${gb(bytes)}, ${gb(Math.max(0, free))} are left beside what is in use`,
      );
  };
  /** A folder of this process for a key; begun by one that was killed, where there is such. */
  const partialOf = (key: string): string => {
    const own = join(partial, ownedBy(key, owner));
    for (const name of readdirSync(partial)) {
      const found = splitName(name);
      if (found.what !== key || !isOwnerDead(found.owner)) continue;
      try {
        renameSync(join(partial, name), own);
        return own;
      } catch {
        // Another process was faster.
      }
    }
    mkdirSync(own, { recursive: true });
    return own;
  };
  const known = (key: string): string | null => {
    try {
      const path = join(folder(key), manifestName);
      const hash = sha256(readFileSync(path));
      utimesSync(path, new Date(), new Date());
      return hash;
    } catch {
      return null;
    }
  };
  return {
    folder,
    known,
    hold: (key) => writeFileSync(mark(key), ''),
    drop: (key) => rmSync(folder(key), { recursive: true, force: true }),
    release: (key) => rmSync(mark(key), { force: true }),
    fill: async (key, files, fill) => {
      makeRoom(
        files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        key,
      );
      const own = partialOf(key);
      // Left by one that was to become another.
      const names = new Set(files.map(({ path }) => path));
      for (const path of wholeFilesIn(own)) if (!names.has(path)) rmSync(join(own, path));
      await fill(own);
      // Another process may have been faster.
      if (known(key) === files[0]?.sha256) return rmSync(own, { recursive: true });
      rmSync(folder(key), { recursive: true, force: true });
      renameSync(own, folder(key));
    },
  };
}

const gb = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;

const sizeOf = (dir: string): number =>
  wholeFilesIn(dir).reduce((sum, path) => sum + (statSync(join(dir, path), { throwIfNoEntry: false })?.size ?? 0), 0);

const usedMs = (dir: string): number => statSync(join(dir, manifestName), { throwIfNoEntry: false })?.mtimeMs ?? 0;
