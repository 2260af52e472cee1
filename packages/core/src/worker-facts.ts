// What a worker says of itself when it registers: it need not be where its coordinator is, nor compute as that would.
import type { Json } from './order/canonical.ts';

export interface WorkerFacts {
  readonly host: string;
  /** Boot and PID namespace, in which its process number means something. */
  readonly place: string;
  readonly numCores: number;
  /** That it may use. */
  readonly numGpus: number;
  /** Of its computations; null: not known. */
  readonly threads: number | null;
  /** Its engine with the instruction set, as keys of stages name it; null: it computes without one. */
  readonly engine: Json;
  /** It does not see the coordinator's run folder and works in one of its own. @default it does */
  readonly ownFolder?: boolean;
}
