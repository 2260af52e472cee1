// The whole state of a training as members of a gang compare it and hand it on.
import { createHash } from 'node:crypto';
import { CalmError, combineSignals, updateHash, type AppliedSteps, type Gang } from '@calm-orch/core';
import { numbersOf, type Numbers, type TrainingState } from '@calm-orch/model';
import { decodeLineage, encodeLineage } from '../training/lineage.ts';

export interface ReceivedState {
  readonly step: number;
  readonly state: TrainingState;
  readonly lineage: readonly AppliedSteps[];
}

/** Pieces are made when they are asked for: the state must not change until the names are retired. */
export function offerState(gang: Gang, name: string, { step, state, lineage }: ReceivedState): void {
  const vectors = [state.weights, state.firstMoment, state.secondMoment];
  const counts = vectors.map(({ numPieces }) => numPieces);
  gang.publish(name, Float32Array.from([step, ...counts, ...encodeLineage(lineage)]));
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
    const { all: lineage } = decodeLineage(head.subarray(4));
    return { step: head[0]!, state: { weights, firstMoment, secondMoment }, lineage };
  } catch (error) {
    signal.throwIfAborted();
    if (!superseded.aborted) throw error;
    return null;
  } finally {
    either.dispose();
  }
}

/** The first 64 bits of the sha256 of vectors, as four numbers a float32 holds exactly. */
export function digest(...vectors: readonly Numbers[]): number[] {
  const hash = createHash('sha256');
  for (const vector of vectors) for (const piece of vector) updateHash(hash, piece);
  const hex = hash.digest('hex');
  return [0, 1, 2, 3].map((i) => parseInt(hex.slice(4 * i, 4 * i + 4), 16));
}

export const digestOf = ({ weights, firstMoment, secondMoment }: TrainingState): number[] =>
  digest(weights, firstMoment, secondMoment);

/**
 * Compares the digests of those equally far (null: behind). A replica in the minority has been damaged, and goes; it
 * comes back with a peer's state. Where no majority says who is right all go, and begin again from a checkpoint.
 */
export function expelUnlessAgreed(rank: number, digests: readonly (ArrayLike<number> | null)[], step: number): void {
  const texts = digests.flatMap((each) => (each === null ? [] : [Array.from(each).join()]));
  const own = Array.from(digests[rank]!).join();
  const agreeing = texts.filter((text) => text === own).length;
  if (agreeing === texts.length || agreeing * 2 > texts.length) return;
  throw new CalmError(
    'lease_lost',
    `step ${step}: the state of this replica differs from ${texts.length - agreeing} of its ${texts.length - 1} peers'; it starts again`,
  );
}
