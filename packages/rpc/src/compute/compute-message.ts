// What a worker and its compute child say to each other over the child's IPC channel (structured clones: NaN survives).
import type { ErrorCode, Roster, StageProgress, StageResult } from '@calm-orch/core';
import type { Identity } from '../tls/certificates.ts';
import type { WorkItem } from '../tensors/wire.ts';

/** How trainers of other hosts reach this one, and know it. */
export interface TensorPeers {
  readonly identity: Identity;
  /** Of this host, as others reach it. */
  readonly host: string;
}

export type ToCompute =
  /** From now on; first of all. */
  | { readonly type: 'peers'; readonly peers: TensorPeers }
  | { readonly type: 'compute'; readonly work: WorkItem }
  /** Save a checkpoint soon and give up the item. */
  | { readonly type: 'cancel' }
  /** Who trains the stage of this attempt together, from now on. `revoked`: workers that get tensors no longer. */
  | {
      readonly type: 'roster';
      readonly token: string;
      readonly roster: Roster;
      readonly revoked: readonly string[];
    };

export type FromCompute =
  /** The process is up and has the item; only from now on is silence a hang. */
  | { readonly type: 'started'; readonly token: string }
  | { readonly type: 'progress'; readonly token: string; readonly progress: StageProgress }
  /** The computation goes on; `waiting`: for other members of its gang. */
  | { readonly type: 'alive'; readonly token: string; readonly waiting: boolean }
  /** Others may join in: this process's tensors are served at `address`. */
  | { readonly type: 'ready'; readonly token: string; readonly address: string }
  /** Others finish the stage; the process is free for the next item. */
  | { readonly type: 'released'; readonly token: string }
  /** What whoever runs this should know. */
  | { readonly type: 'note'; readonly token: string; readonly note: string }
  | { readonly type: 'done'; readonly token: string; readonly result: StageResult }
  | {
      readonly type: 'raised';
      readonly token: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly stack: string;
    };
