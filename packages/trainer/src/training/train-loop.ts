// The loop every training stage runs: take the newest checkpoint, step, report, save now and then, save when told to
// stop. What a step computes depends on its number alone, so a loop that was cut off ends in the same bits.
import { setImmediate } from 'node:timers/promises';
import {
  CalmError,
  firstAbort,
  isDigested,
  keptSteps,
  type ShardRange,
  type SampleList,
  type StageContext,
  type StageProgress,
  type TrainingConfig,
} from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import { NonFiniteStep, type ShardedStep, type TrainingState } from '@calm-orch/model';
import { StateDiffers } from '../gangs/gang-state.ts';
import { loadNewestCheckpoint, removeCheckpointsAfter, type Checkpoint } from './checkpoint.ts';
import { createCheckpointWriter } from './checkpoint-writer.ts';
import { createGangSteps } from '../gangs/gang-steps.ts';
import { createLineage } from './lineage.ts';
import { learningRateAt } from './schedule.ts';

export interface StepInputs {
  /** Which of the step functions runs. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Values>>;
  /** Ids of the samples in the inputs (core's sampleIds), for the audit; absent where no gang computes. */
  readonly samples?: Int32Array;
}

const reportsPerStage = 100;
const reportEveryMs = 1000;
const noIds = new Int32Array(0);

/**
 * Trains from the newest checkpoint, or the step's present weights, to `training.steps`; together with others where
 * the context has a gang. The step then has the final weights.
 * @throws CalmError `cancelled` once a checkpoint is saved, when the context's signal is aborted; `lease_lost` when a
 * gang has released this member; `bad_data` when a step's loss or gradient is not finite: a checkpoint then has the state
 * before that step, which its next attempt repeats.
 * @param inputsOf `own`: the shards that this process computes; inputs of others need not be right.
 * @param readAhead told of the next step before one is computed, to have its data read meanwhile.
 * @param samplesOf names the samples of a step, in the order of its inputs.
 * @param lists what the steps' samples are drawn from.
 */
export async function trainLoop(
  context: StageContext,
  sharded: ShardedStep,
  training: TrainingConfig,
  inputsOf: (step: number, own: ShardRange) => StepInputs | Promise<StepInputs>,
  readAhead?: (step: number, own: ShardRange) => void,
  samplesOf?: (step: number) => readonly string[],
  lists: readonly SampleList[] = [],
): Promise<void> {
  const { checkpointDir, signal, optimizer = 'replicated', exchange, keepCheckpoints = 0 } = context;
  const kept = new Set(keptSteps(training.steps, keepCheckpoints));
  const lineage = createLineage();
  const gang =
    context.gang !== undefined
      ? createGangSteps(context.gang, sharded, lineage, { optimizer, exchange, steps: training.steps })
      : null;
  const writer = createCheckpointWriter(checkpointDir);
  const checkpointOf = (step: number, state: TrainingState): Checkpoint => ({
    step,
    state,
    lineage: lineage.all,
    digests: lineage.digests,
  });
  /** `isPristine`: the step has the weights the stage begins with. */
  const load = async (isPristine: boolean): Promise<number> => {
    await writer.giveUp();
    const newest = loadNewestCheckpoint(checkpointDir);
    lineage.replace(newest?.lineage ?? [], newest?.digests ?? []);
    if (newest !== undefined) sharded.setState(newest.state);
    else if (!isPristine) throw new CalmError('lease_lost', 'no checkpoint to go back to: the stage begins again');
    // Of a slice that is lost there is no other copy.
    else if (gang !== null && optimizer === 'partitioned') await saveWhole(0, sharded.state());
    return newest?.step ?? 0;
  };
  /** How far this process is in the newest roster. */
  const enter = async (step: number): Promise<number> => {
    const entered = await unlessAborted(gang!.enter(step, signal), signal, step);
    return entered === null ? enter(await load(step < 0)) : entered;
  };
  /** Whether the state is on the disk, all of it by this process. */
  const saveWhole = async (step: number, state: TrainingState): Promise<boolean> =>
    (await writer.begin(checkpointOf(step, state), { agreed: gang?.agreed })).saved;
  /** The same, where this process is the first and has done a step. */
  const saveOwn = async (step: number, first: number): Promise<boolean> => {
    const state = step === first || gang?.isFirst === false ? null : gang === null ? sharded.state() : gang.state(step);
    return state !== null && saveWhole(step, state);
  };
  /** Goes on beside training: in a gang every member saves its part. */
  const beginSaving = async (step: number, stays: boolean): Promise<void> => {
    const part = gang?.part() ?? null;
    if (part === null && gang?.isFirst === false) return;
    const state = part?.state ?? gang?.state(step) ?? sharded.state();
    await writer.begin(checkpointOf(step, state), { part, stays, agreed: gang?.agreed });
  };
  /** What was not told yet of how the weights came about. */
  const untold = (): Pick<StageProgress, 'applied' | 'anew' | 'digests'> => {
    const { applied, anew, digests } = lineage.take(gang!.isFirst);
    return { applied, ...(anew && { anew: lists }), ...(digests.length > 0 && { digests }) };
  };
  const started = context.now();
  let saved = started;
  let reported = started;
  try {
    await context.gang?.join(signal);
    let step = signal.aborted || gang === null ? await load(true) : await enter(-1);
    let first = step;
    /** The last step that this process began to save after; at first the one it began with. */
    let begun = step;
    const reportEvery = Math.max(1, Math.floor(training.steps / reportsPerStage));
    for (;;) {
      if (signal.aborted && (gang?.mayLeave() ?? true))
        throw stopped(context, step, training.steps, await saveOwn(step, first));
      const isDue = context.now() - saved >= context.checkpointEveryMs && (gang?.isFirst ?? true) && !writer.isBusy;
      if (step > begun && (isDue || gang?.savesAt === step)) {
        if (gang === null || gang.isAlone || gang.savesAt === step) {
          begun = step;
          saved = context.now();
          await beginSaving(step, false);
        } else gang.askToSave();
      }
      if (gang?.isStale) {
        const before = step;
        step = await enter(step);
        if (step !== before) first = begun = step;
        continue;
      }
      if (gang !== null && isDigested(step, training.steps)) {
        const digest = await unlessAborted(gang.digest(step, signal), signal, null);
        if (digest === null) continue;
        lineage.mark({ step, digest });
        // There may be a newer roster by now.
        if (gang.isStale) continue;
        if (kept.has(step)) await beginSaving(step, true);
      }
      if (step >= training.steps) {
        if (gang?.isFirst ?? true) {
          await writer.settle();
          const rest = gang === null ? {} : untold();
          if (rest.applied?.length || rest.digests?.length)
            context.report({ step: training.steps - 1, totalSteps: training.steps, ...rest });
          break;
        }
        // The first writes the result; if it dies before, another becomes the first.
        await firstAbort([context.gang!.superseded, signal]);
        continue;
      }
      const own = gang?.own ?? { first: 0, end: sharded.numShards };
      const { name, inputs, samples = noIds } = await inputsOf(step, own);
      if (step + 1 < training.steps) readAhead?.(step + 1, own);
      const at = { step, learningRate: learningRateAt(step, training) };
      let loss: number | null;
      try {
        loss =
          gang === null
            ? sharded.run(name, inputs, at)
            : await unlessAborted(gang.step(name, inputs, samples, at, signal), signal, null);
      } catch (error) {
        if (!(error instanceof NonFiniteStep)) throw error;
        await saveOwn(step, first);
        throw notFinite(context, step, error, samplesOf?.(step) ?? []);
      }
      if (loss !== null) {
        // Metrics at steps that never depend on time; between them word that it goes on, for gangs and for whoever waits.
        const isMeasured = step % reportEvery === 0 || step === training.steps - 1;
        if (isMeasured || context.now() - reported >= reportEveryMs) {
          reported = context.now();
          const seconds = (reported - started) / 1000;
          context.report({
            step,
            totalSteps: training.steps,
            ...(isMeasured && { metrics: { 'train/loss': loss, 'train/learningRate': at.learningRate } }),
            ...(gang && untold()),
            samplesPerSecond: ((step + 1 - first) * training.batchSize) / Math.max(seconds, 1e-3),
          });
        }
        step++;
      }
      context.alive?.();
      // Let heartbeats, rosters and cancellation in: TensorFlow blocks this thread while it computes.
      await setImmediate();
    }
  } catch (error) {
    await writer.giveUp();
    // What was saved since may be damaged.
    if (error instanceof StateDiffers) removeCheckpointsAfter(checkpointDir, gang!.agreed);
    throw error;
  } finally {
    await writer.close();
    gang?.leave();
  }
}

/** What a wait for others gives, or `otherwise` when it was cancelled. */
async function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal, otherwise: T): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    if (signal.aborted && !(error instanceof CalmError)) return otherwise;
    throw error;
  }
}

/** Samples that an error names at most. */
const maxNamed = 32;

function notFinite(
  { stage: { kind } }: StageContext,
  step: number,
  { message, shards, numShards }: NonFiniteStep,
  samples: readonly string[],
): CalmError {
  const perShard = samples.length / numShards;
  const concerned =
    shards.length === 0 ? samples : shards.flatMap((s) => samples.slice(s * perShard, (s + 1) * perShard));
  const more = concerned.length > maxNamed ? ` and ${concerned.length - maxNamed} more` : '';
  const named = concerned.length === 0 ? '' : ` (samples ${concerned.slice(0, maxNamed).join(', ')}${more})`;
  return new CalmError(
    'bad_data',
    `${kind}: ${message} at step ${step}${named}; the weights are those before it. Look at these samples, or try a lower peakLearningRate`,
  );
}

function stopped({ stage: { kind } }: StageContext, step: number, steps: number, saved: boolean): CalmError {
  const where = `stopped at step ${Math.max(0, step)} of ${steps}`;
  return new CalmError('cancelled', `${kind}: ${where}${saved ? ', checkpoint saved' : ''}`);
}
