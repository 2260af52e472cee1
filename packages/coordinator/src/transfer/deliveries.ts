// What attempts on other hosts hand over. Results become the attempt's folder once they are sealed, and wait there for its
// completion like those of a worker that sees the folder. Checkpoints become the stage's at once, but only while the lease
// lives: whoever lost it changes nothing.
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { Delivery, type FileEntry, type FilePiece } from '@calm-orch/rpc';
import type { Layout } from '../artifacts/layout.ts';
import { createUpload, type Upload, type UploadLimits } from './upload.ts';

export interface Deliveries {
  offer(token: string, delivery: Delivery, skip: number, files: readonly FileEntry[]): number[];
  write(token: string, delivery: Delivery, pieces: readonly FilePiece[]): void;
  /** Names of files that came damaged; none: it is sealed, as often as it is asked. */
  seal(token: string, delivery: Delivery): Promise<string[]>;
  /** Checkpoints that an attempt was told of; it need not send them, and drops them with the next of its own. */
  toldOf(token: string, checkpoints: readonly FileEntry[]): void;
}

export interface DeliveryOptions {
  readonly layout: Layout;
  /** The stage of a living lease. @throws CalmError `lease_lost` */
  readonly stageOf: (token: string) => string;
  /** @throws CalmError `superseded` where another coordinator has the run. */
  readonly assertHeld: () => void;
  readonly limits?: UploadLimits;
}

interface Attempt {
  readonly uploads: Map<Delivery, Upload>;
  hasResult: boolean;
  /** Of the stage's checkpoints those that this attempt has, by name. */
  checkpoints: ReadonlyMap<string, FileEntry>;
}

export function createDeliveries({ layout, stageOf, assertHeld, limits }: DeliveryOptions): Deliveries {
  const attempts = new Map<string, Attempt>();
  const isOver = (token: string): boolean => {
    try {
      stageOf(token);
      return false;
    } catch {
      return true;
    }
  };
  const attemptOf = (token: string): Attempt => {
    for (const other of attempts.keys()) if (isOver(other)) attempts.delete(other);
    const attempt = attempts.get(token) ?? {
      uploads: new Map<Delivery, Upload>(),
      hasResult: false,
      checkpoints: new Map<string, FileEntry>(),
    };
    attempts.set(token, attempt);
    return attempt;
  };
  const uploadOf = (token: string, delivery: Delivery): Upload => {
    const upload = attemptOf(token).uploads.get(delivery);
    if (upload === undefined) throw new CalmError('invalid_argument', 'files of an attempt: none were offered');
    return upload;
  };
  const folderOf = (token: string, delivery: Delivery): string => {
    if (delivery === Delivery.RESULT) return layout.incoming(stageOf(token), token, 'result');
    if (delivery === Delivery.CHECKPOINTS) return layout.incoming(stageOf(token), token, 'checkpoints');
    throw new CalmError('invalid_argument', `delivery: expected a result or checkpoints, got ${delivery}`);
  };
  const adoptCheckpoints = async (token: string, upload: Upload): Promise<void> => {
    const from = folderOf(token, Delivery.CHECKPOINTS);
    const sent = upload.pathsSent();
    for (const path of sent) await sync(join(from, path));
    assertHeld();
    const to = layout.checkpoint(stageOf(token));
    // A checkpoint is there when its manifest is.
    const manifestsLast = [...sent].sort((a, b) => Number(a.endsWith('.json')) - Number(b.endsWith('.json')));
    for (const path of manifestsLast) {
      mkdirSync(dirname(join(to, path)), { recursive: true });
      renameSync(join(from, path), join(to, path));
    }
    const attempt = attemptOf(token);
    for (const path of attempt.checkpoints.keys()) if (!upload.files.has(path)) rmSync(join(to, path), { force: true });
    attempt.checkpoints = upload.files;
  };
  return {
    offer: (token, delivery, skip, files) => {
      const folder = folderOf(token, delivery);
      const attempt = attemptOf(token);
      if (skip === 0) attempt.uploads.set(delivery, createUpload(folder, limits));
      const isThere = ({ path, sha256 }: FileEntry): boolean =>
        delivery === Delivery.CHECKPOINTS && attempt.checkpoints.get(path)?.sha256 === sha256;
      return uploadOf(token, delivery).offer(files, isThere);
    },
    write: (token, delivery, pieces) => {
      stageOf(token);
      uploadOf(token, delivery).write(pieces);
    },
    seal: async (token, delivery) => {
      const key = stageOf(token);
      const attempt = attemptOf(token);
      if (delivery === Delivery.RESULT && attempt.hasResult) return [];
      const upload = attempt.uploads.get(delivery);
      if (upload === undefined && delivery === Delivery.CHECKPOINTS && attempt.checkpoints.size > 0) return [];
      const damaged = uploadOf(token, delivery).check();
      if (damaged.length > 0) return damaged;
      attempt.uploads.delete(delivery);
      if (delivery === Delivery.CHECKPOINTS) await adoptCheckpoints(token, upload!);
      else {
        renameSync(folderOf(token, delivery), layout.attempt(key, token));
        attempt.hasResult = true;
      }
      return [];
    },
    toldOf: (token, checkpoints) => {
      const attempt = attemptOf(token);
      if (attempt.checkpoints.size === 0) attempt.checkpoints = new Map(checkpoints.map((file) => [file.path, file]));
    },
  };
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
