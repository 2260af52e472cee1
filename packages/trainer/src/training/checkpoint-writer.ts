// Saves checkpoints while training goes on: numbers are copied to a thread that writes them, then the manifest is written.
// Members of a gang each write the numbers of their slice, and tell each other the sha256; each then writes the same manifest,
// because some may not see the others' folders.
import { join } from 'node:path';
import { checkpointName, keptFolder, type CheckpointManifest, type CheckpointPart } from '@calm-orch/core';
import { safetensorsContent, type Numbers, type Slice, type TrainingState } from '@calm-orch/model';
import { completeCheckpoint, writeManifest, type Checkpoint } from './checkpoint.ts';
import { createFileWriter } from './file-writer.ts';

/** What a member of a gang has written, or null: it could not. */
export type WrittenPart = string | null;

/** The numbers of a state that a member of a gang saves. */
export interface OwnPart {
  readonly generation: number;
  readonly rank: number;
  /** Of all members, by rank. */
  readonly slices: readonly Slice[];
  /** Of the own slice alone. */
  readonly state: TrainingState;
  /** Tells the others of `what`; what they tell, by rank. @throws where a member is gone */
  exchange(what: string, own: WrittenPart, signal: AbortSignal): Promise<readonly WrittenPart[]>;
}

export interface SaveOptions {
  /** A member of a gang saves its part. @default all numbers */
  readonly part?: OwnPart | null;
  /** It stays, in a folder of its own. @default false */
  readonly stays?: boolean;
  /** Steps after which checkpoints are known to be right. @default all */
  readonly agreed?: number | undefined;
}

export interface CheckpointWriter {
  /** Something is being written, or waited for. */
  readonly isBusy: boolean;
  /**
   * Begins to save. Resolved once all numbers are copied: a step may be taken. `saved`: whether it is there in the end; a full
   * disk costs the checkpoint, not the training, as does a member that is gone. @throws what an earlier save failed with
   */
  begin(checkpoint: Checkpoint, options?: SaveOptions): Promise<{ readonly saved: Promise<boolean> }>;
  /** Waits until all that was begun is saved. @throws what one failed with */
  settle(): Promise<void>;
  /** Waits for what this process writes, and for no other member. */
  giveUp(): Promise<void>;
  /** Gives up, and ends the thread. */
  close(): Promise<void>;
}

export function createCheckpointWriter(dir: string): CheckpointWriter {
  const files = createFileWriter();
  const saving = new Set<Promise<boolean>>();
  let failure: Error | undefined;
  let over = new AbortController();
  const complete = async (
    manifest: Omit<CheckpointManifest, 'parts'>,
    written: Promise<string>,
    named: readonly Omit<CheckpointPart, 'sha256'>[],
    { part, stays = false, agreed }: SaveOptions,
  ): Promise<boolean> => {
    const { signal } = over;
    const [own] = await Promise.allSettled([written]);
    const sha256 = own.status === 'fulfilled' ? own.value : null;
    const what = `${manifest.step}/${stays ? keptFolder : 'newest'}`;
    let all: readonly WrittenPart[] = [sha256];
    if (part) {
      try {
        all = await part.exchange(what, sha256, signal);
      } catch (error) {
        if (sha256 !== null) return skipped(manifest.step, `a member of the gang is gone (${messageOf(error)})`);
      }
    }
    if (own.status === 'rejected') {
      if (!isFull(own.reason)) throw own.reason;
      return skipped(manifest.step, messageOf(own.reason));
    }
    const parts = named.flatMap((each, r) => (all[r] == null ? [] : [{ ...each, sha256: all[r] }]));
    if (parts.length < named.length)
      return skipped(manifest.step, 'another member of the gang could not write its part');
    try {
      if (stays) writeManifest(join(dir, keptFolder), { ...manifest, parts });
      else completeCheckpoint(dir, { ...manifest, parts }, agreed);
    } catch (error) {
      if (!isFull(error)) throw error;
      return skipped(manifest.step, messageOf(error));
    }
    return true;
  };
  const settleAll = async (): Promise<void> => {
    while (saving.size > 0) await Promise.allSettled(saving);
  };
  const throwFailure = (): void => {
    const found = failure;
    failure = undefined;
    if (found !== undefined) throw found;
  };
  const giveUp = async (): Promise<void> => {
    over.abort();
    await settleAll();
    over = new AbortController();
  };
  return {
    get isBusy() {
      return saving.size > 0;
    },
    begin: async ({ state, ...rest }, options = {}) => {
      throwFailure();
      const { part, stays = false } = options;
      // What is said of it is that of now.
      const manifest = structuredClone(rest);
      const named = part ? namesOf(rest.step, part) : [nameOf(rest.step, state.weights.length)];
      const path = join(dir, ...(stays ? [keptFolder] : []), named[part?.rank ?? 0]!.file);
      const { written } = await files.write(path, contentOf(path, part?.state ?? state));
      const saved = complete(manifest, written, named, options);
      saving.add(saved);
      saved.catch((error: Error) => void (failure ??= error)).finally(() => saving.delete(saved));
      return { saved };
    },
    settle: async () => {
      await settleAll();
      throwFailure();
    },
    giveUp,
    close: async () => {
      await giveUp();
      await files.close();
    },
  };
}

const nameOf = (step: number, length: number): Omit<CheckpointPart, 'sha256'> => ({
  file: `${checkpointName(step)}.safetensors`,
  first: 0,
  end: length,
});

/** Parts of another roster have other names: theirs may be other slices. */
function namesOf(step: number, { generation, slices }: OwnPart): Omit<CheckpointPart, 'sha256'>[] {
  const digits = (n: number): string => String(n).padStart(5, '0');
  return slices.map(({ first, end }, r) => ({
    file: `${checkpointName(step)}.${generation}-${digits(r + 1)}-of-${digits(slices.length)}.safetensors`,
    first,
    end,
  }));
}

function contentOf(path: string, { weights, firstMoment, secondMoment }: TrainingState): Iterable<ArrayBufferView> {
  const vector = (values: Numbers) => ({ shape: [values.length], values });
  return safetensorsContent(path, {
    weights: vector(weights),
    firstMoment: vector(firstMoment),
    secondMoment: vector(secondMoment),
  });
}

const messageOf = (error: unknown): string => (error as Error).message;

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The one before is still there. */
function skipped(step: number, why: string): false {
  console.error(`no checkpoint at step ${step}: ${why}`);
  return false;
}
