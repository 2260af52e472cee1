// The whole state of a training as members of a gang compare it and hand it on.
import { createHash } from 'node:crypto';
import { CalmError, combineSignals, updateHash, type AppliedSteps, type Gang, type StateDigest } from '@calm-orch/core';
import { numbersOf, type Numbers, type TrainingState } from '@calm-orch/model';
import { decodeLineage, encodeLineage } from '../training/lineage.ts';

export interface ReceivedState {
  readonly step: number;
  readonly state: TrainingState;
  readonly lineage: readonly AppliedSteps[];
  readonly digests: readonly StateDigest[];
}

/** Pieces are made when they are asked for: the state must not change until the names are retired. */
export function offerState(gang: Gang, name: string, { step, state, lineage, digests }: ReceivedState): void {
  const vectors = [state.weights, state.firstMoment, state.secondMoment];
  const counts = vectors.map(({ numPieces }) => numPieces);
  gang.publish(name, Float32Array.from([step, ...counts, ...encodeLineage(lineage, digests)]));
  vectors.forEach((vector, v) => {
    for (let i = 0; i < vector.numPieces; i++) gang.offer(`${name}/${v}/${i}`, () => [vector.piece(i)]);
  });
}

/** Null when the roster changed first. */
export async function pullState(
  gang: Gang,
  source: string,
  name: string,
  { superseded, signal }: { readonly superseded: AbortSignal; readonly signal: AbortSignal },
): Promise<ReceivedState | null> {
  const either = combineSignals(superseded, signal);
  try {
    const head = await gang.pull(source, name, either.signal);
    const vectors: Numbers[] = [];
    for (const [v, count] of head.subarray(1, 4).entries()) {
      const pieces: Float32Array[] = [];
      for (let i = 0; i < count; i++) pieces.push(await gang.pull(source, `${name}/${v}/${i}`, either.signal));
      vectors.push(numbersOf(pieces));
    }
    const [weights, firstMoment, secondMoment] = vectors as [Numbers, Numbers, Numbers];
    const { all: lineage, digests } = decodeLineage(head.subarray(4));
    return { step: head[0]!, state: { weights, firstMoment, secondMoment }, lineage, digests };
  } catch (error) {
    signal.throwIfAborted();
    if (!superseded.aborted) throw error;
    return null;
  } finally {
    either.dispose();
  }
}

/** The first 64 bits of the sha256 of a state, as four numbers a float32 holds exactly. */
export function digestOf({ weights, firstMoment, secondMoment }: TrainingState): number[] {
  const hash = createHash('sha256');
  for (const vector of [weights, firstMoment, secondMoment]) for (const piece of vector) updateHash(hash, piece);
  const hex = hash.digest('hex');
  return [0, 1, 2, 3].map((i) => parseInt(hex.slice(4 * i, 4 * i + 4), 16));
}

/** Members that should have the same state have not. */
export class StateDiffers extends CalmError {}

/**
 * Compares the digests of those equally far (null: behind). Where one differs its replica is damaged, and has since been in
 * the gradients of all: every member goes, and the stage goes on from a checkpoint of before.
 * @throws StateDiffers `lease_lost`
 */
export function assertAgreed(digests: readonly (ArrayLike<number> | null)[], step: number): void {
  const texts = digests.flatMap((each) => (each === null ? [] : [Array.from(each).join()]));
  const states = new Set(texts).size;
  if (states <= 1) return;
  const what = `step ${step}: the ${texts.length} trainers of this stage should have one state and have ${states}`;
  throw new StateDiffers('lease_lost', `${what}; it goes on from the last they agreed on`);
}
