// What both kinds of gang steps share.
import type { Values } from '@calm-orch/engine';

/** Steps between comparisons of the members' weights. */
export const checkEvery = 64;

export type Inputs = Readonly<Record<string, Values>>;

export interface StepAt {
  /** 0-based. */
  readonly step: number;
  readonly learningRate: number;
}
