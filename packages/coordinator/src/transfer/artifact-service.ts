// The gRPC face of what attempts on other hosts read and hand over: each call counts for a lease that lives, and gets no
// further than that lease's stage.
import { CalmError } from '@calm-orch/core';
import type { Api, ArtifactServiceService, FileEntry } from '@calm-orch/rpc';
import type { LeaseRecord } from '../leases/records.ts';
import { createDeliveries, type DeliveryOptions } from './deliveries.ts';
import { checkPieces, createReadable } from './readable.ts';

export interface ArtifactServiceOptions extends Pick<DeliveryOptions, 'layout' | 'assertHeld' | 'limits'> {
  /** null: it is over. @throws CalmError `lease_lost` where there has never been one. */
  readonly lease: (token: string) => Pick<LeaseRecord, 'stage'> | null;
}

const maxFilesPerCall = 1000;

export function artifactService(options: ArtifactServiceOptions): Api<typeof ArtifactServiceService> {
  const readable = createReadable(options.layout);
  const stageOf = (token: string): LeaseRecord['stage'] => {
    const lease = options.lease(token);
    if (lease === null) throw new CalmError('lease_lost', 'this attempt is over');
    return lease.stage;
  };
  const deliveries = createDeliveries({ ...options, stageOf: (token) => stageOf(token).key });
  /** @throws CalmError `not_found` for what is no input of the lease's stage. */
  const inputOf = (token: string, key: string): string => {
    if (Object.values(stageOf(token).inputKeys).includes(key)) return key;
    throw new CalmError('not_found', `artifact ${key.slice(0, 8)} is no input of the stage`);
  };
  const checkpointsOf = async (token: string): Promise<readonly FileEntry[]> => {
    const files = await readable.checkpoints(stageOf(token).key);
    deliveries.toldOf(token, files);
    return files;
  };
  const few = <T>(files: readonly T[]): readonly T[] => {
    if (files.length <= maxFilesPerCall) return files;
    throw new CalmError('invalid_argument', `files: at most ${maxFilesPerCall} a call, got ${files.length}`);
  };
  // Async, so that what is thrown becomes the call's answer.
  return {
    listFiles: async ({ token, key, skip }) => {
      const files = key === '' ? await checkpointsOf(token) : readable.artifact(inputOf(token, key));
      return { files: files.slice(skip, skip + maxFilesPerCall), numFiles: files.length };
    },
    readFiles: async ({ token, key, ranges }) => {
      const source = key === '' ? { checkpoints: stageOf(token).key } : { artifact: inputOf(token, key) };
      return { pieces: readable.read(source, few(ranges)) };
    },
    offerFiles: async ({ token, delivery, skip, files }) => ({
      heldBytes: deliveries.offer(token, delivery, skip, few(files)),
    }),
    writeFiles: async ({ token, delivery, pieces }) => {
      checkPieces(pieces.map(({ piece }) => piece.length));
      deliveries.write(token, delivery, few(pieces));
      return {};
    },
    sealFiles: async ({ token, delivery }) => ({ damaged: await deliveries.seal(token, delivery) }),
  };
}
