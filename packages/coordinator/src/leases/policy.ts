// The numbers that decide when a lease, a worker or a stage is given up.

export interface Policy {
  /** Workers renew their lease this often. @default 3000 */
  readonly heartbeatIntervalMs: number;
  /** A worker not heard of for so long is replaced, and what it held goes to another. @default 15000 */
  readonly leaseTtlMs: number;
  /** A computation that reports nothing for so long has hung. @default 30000 */
  readonly hangTimeoutMs: number;
  /** Workers whose coordinator has gone wait so long for another. @default 60000 */
  readonly takeoverMs: number;
  /** A role that has no worker for so long will not get one. @default 120000 */
  readonly registerMs: number;
  /** Errors of an item's own code that fail its stage. @default 3 */
  readonly maxFailures: number;
  /** Attempts lost with their worker, in a row and without progress, that fail a stage. @default 10 */
  readonly maxLostInARow: number;
  /** An idle trainer joins a stage that has at least so much left for each trainer it has. @default 10000 */
  readonly gangMinLeftMs: number;
  /** Time workers have to save a checkpoint when a run is cancelled. @default 10000 */
  readonly cancelGraceMs: number;
}

export const defaultPolicy: Policy = {
  heartbeatIntervalMs: 3000,
  leaseTtlMs: 15_000,
  hangTimeoutMs: 30_000,
  takeoverMs: 60_000,
  registerMs: 120_000,
  maxFailures: 3,
  maxLostInARow: 10,
  gangMinLeftMs: 10_000,
  cancelGraceMs: 10_000,
};

/** The policy under which whatever hangs, a computation or the process that holds its lease, is replaced within `ms`. */
export function hangPolicy(ms: number): Pick<Policy, 'hangTimeoutMs' | 'leaseTtlMs' | 'heartbeatIntervalMs'> {
  // The last heartbeat may have come just before the process hung, and leases are looked at once a second.
  const leaseTtlMs = Math.min(defaultPolicy.leaseTtlMs, Math.max(1000, 0.6 * ms));
  return { hangTimeoutMs: ms, leaseTtlMs, heartbeatIntervalMs: Math.round(leaseTtlMs / 5) };
}
