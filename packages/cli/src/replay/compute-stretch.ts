// Computes a stretch of training again, as a trainer of its own in a folder of its own, and hands back the digests on the way.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, checkpointName, makeTemporaryFolder, readCheckpoint, type StateDigest } from '@calm-orch/core';
import type { Layout } from '@calm-orch/coordinator';
import type { RunStageRecord } from '@calm-orch/tracker';
import { computeScript } from '../run/worker-process.ts';
import type { Stretch } from './stretches.ts';

export interface ComputeOptions {
  readonly layout: Layout;
  /** TensorFlow's. */
  readonly threads: string;
  readonly signal: AbortSignal;
}

/** Loading and the first step on a machine that is busy with others take longer than any step. */
const hangTimeoutMs = 120_000;

/** @throws CalmError `internal` where it cannot be computed, `cancelled` */
export async function computeStretch(
  { stage, first, end }: Stretch<RunStageRecord>,
  { layout, threads, signal }: ComputeOptions,
): Promise<StateDigest[]> {
  const { AttemptFailure, ComputeChild } = await import('@calm-orch/rpc');
  const dir = makeTemporaryFolder('calm-orch-replay-');
  const token = randomUUID();
  const checkpointDir = join(dir, 'checkpoints');
  const compute = new ComputeChild({
    command: [computeScript, 'compute', 'trainer', '0'],
    env: {
      ...process.env,
      TF_NUM_INTRAOP_THREADS: threads,
      CALM_ORCH_TENSOR_ADDRESS: `unix:${join(dir, 'tensors')}`,
      CALM_ORCH_TENSOR_TOKEN: token,
    },
  });
  const done = new AbortController();
  const digests: StateDigest[] = [];
  try {
    mkdirSync(checkpointDir);
    if (first > 0) beginWith(layout.keptCheckpoints(stage.key), checkpointDir, first);
    const inputs = Object.entries(stage.inputs);
    await compute.run(
      {
        token,
        stage: { key: stage.key, kind: stage.kind, config: stage.config },
        item: 0,
        attempt: 1,
        inputs: Object.fromEntries(inputs.map(([name, key]) => [name, layout.artifact(key)])),
        inputKeys: stage.inputs,
        outputDir: join(dir, 'output'),
        checkpointDir,
        checkpointEveryMs: Number.MAX_SAFE_INTEGER,
        keepCheckpoints: 0,
        optimizer: 'replicated',
        exchange: 'host',
        hangTimeoutMs,
      },
      {
        signal: AbortSignal.any([signal, done.signal]),
        onProgress: (progress) => {
          digests.push(...(progress.digests ?? []));
          if (digests.some(({ step }) => step >= end)) done.abort();
        },
        onNote: () => {},
        onReady: (address) => compute.roster(token, { generation: 1, rank: 0, members: [address] }, []),
      },
    );
  } catch (error) {
    if (signal.aborted) throw new CalmError('cancelled', 'the replay was cancelled');
    if (!(error instanceof AttemptFailure)) throw error;
    if (!done.signal.aborted)
      throw new CalmError(
        'internal',
        `${stage.kind}: steps ${first} to ${end} cannot be computed again: ${error.message}`,
      );
  } finally {
    compute.kill();
    rmSync(dir, { recursive: true, force: true });
  }
  return digests;
}

/** Its checkpoint, without the digests of before: those that come are computed here. */
function beginWith(kept: string, dir: string, step: number): void {
  const { parts } = readCheckpoint(kept, step);
  for (const { file } of parts) symlinkSync(join(kept, file), join(dir, file));
  writeFileSync(join(dir, `${checkpointName(step)}.json`), JSON.stringify({ step, parts }));
}
