// The tensor plane of a compute process: opened when first needed, and then kept over items and certificates. What it needs
// is loaded then: most processes have no peers.
import type { TensorPeers } from './compute-message.ts';
import type { FileMemory } from '../tensors/shared-files.ts';
import type { TlsAccess } from '../tensors/tensor-access.ts';
import type { TensorPlane, TensorPlaneOptions } from '../tensors/tensor-plane.ts';

let plane: Promise<TensorPlane> | undefined;
let peers: TensorPeers | undefined;
/** Once the plane is open between hosts. */
let access: TlsAccess | undefined;

/** Whether other trainers can be reached at all. */
export const hasPeers = (): boolean => peers !== undefined || process.env['CALM_ORCH_TENSOR_ADDRESS'] !== undefined;

/** Trainers of other hosts are among them; again: with another certificate. */
export function usePeers(renewed: TensorPeers): void {
  peers = renewed;
  access?.renew(renewed.identity);
  plane?.then(
    (open) => open.reconnect(),
    () => {
      // Whoever needs it is told.
    },
  );
}

/** Of other hosts, by their names as workers: what they are being given ends at once. */
export function refusePeers(names: readonly string[]): void {
  if (names.length === 0 || access?.refuse(names) !== true) return;
  plane?.then(
    (open) => open.expel(),
    () => {
      // It could not be opened: nothing is given.
    },
  );
}

export interface ComputePlaneOptions {
  /** Files as memory, where the engine brings that. */
  readonly memory?: () => Promise<FileMemory | undefined>;
  /** Told why tensors are streamed where shared memory was wanted. */
  readonly onStreamed: (note: string) => void;
}

export function computePlane(options: ComputePlaneOptions): Promise<TensorPlane> {
  return (plane ??= open(options));
}

async function open({ memory, onStreamed }: ComputePlaneOptions): Promise<TensorPlane> {
  const { openTensorPlane } = await import('../tensors/tensor-plane.ts');
  const streamed = process.env['CALM_ORCH_TENSORS'] === 'stream' ? { sharedMemory: null } : {};
  return openTensorPlane({ ...(await place()), ...streamed, memory: await memory?.(), onStreamed });
}

/** Where tensors are served, and to whom: beside the coordinator's socket, or where other hosts reach this one. */
async function place(): Promise<Pick<TensorPlaneOptions, 'address' | 'access'>> {
  const { tlsAccess, tokenAccess } = await import('../tensors/tensor-access.ts');
  if (peers !== undefined) return { address: `${peers.host}:0`, access: (access = tlsAccess(peers.identity)) };
  const { ownAddress } = await import('../tensors/tensor-plane.ts');
  const { CALM_ORCH_TENSOR_ADDRESS: address = '', CALM_ORCH_TENSOR_TOKEN: token = '' } = process.env;
  return { address: ownAddress(address), access: tokenAccess(token) };
}
