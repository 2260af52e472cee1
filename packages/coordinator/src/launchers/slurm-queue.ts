// What Slurm's queue says of the elements of a run's job arrays, and what it means for their workers.
import { roles, type Role } from '@calm-orch/core';
import type { LaunchedEnd } from './launcher.ts';

/** One array element as the queue shows it. */
export interface QueueElement {
  /** `<id of the array>_<index>`; the same when it is requeued. */
  readonly id: string;
  readonly role: Role;
  readonly index: number;
  readonly state: string;
  readonly reason: string;
  /** When it began or is expected to; another after a requeue. */
  readonly start: string;
  readonly nodes: string;
}

/** For `squeue -o`. What may hold any character comes last. */
export const queueFormat = '%F|%K|%T|%r|%S|%N|%j|%Z';

/** By it an array is known to be of a run and for a role. */
export const jobName = (runId: string, role: Role): string => `calm-orch:${runId.replace(/[^\w.-]/g, '_')}:${role}`;

/** Those of one run folder. */
export function parseQueue(text: string, folder: string): QueueElement[] {
  return text.split('\n').flatMap((line) => {
    const [job, index, state, reason, start, nodes, name, ...path] = line.trim().split('|');
    if (path.join('|') !== folder || !/^\d+$/.test(index ?? '')) return [];
    const role = roles.find((each) => name!.endsWith(`:${each}`));
    if (role === undefined) return [];
    const id = `${job}_${index}`;
    return {
      id,
      role,
      index: Number(index),
      state: state!,
      reason: reason!,
      start: start!,
      nodes: nodes!,
    };
  });
}

/** What nobody comes back from, and whether its worker is to blame. */
const ends: Readonly<Record<string, LaunchedEnd['ending']>> = {
  COMPLETED: 'finished',
  FAILED: 'lost',
  BOOT_FAIL: 'lost',
  DEADLINE: 'lost',
  OUT_OF_MEMORY: 'lost',
  CANCELLED: 'lost',
  TIMEOUT: 'killed',
  NODE_FAIL: 'killed',
  PREEMPTED: 'killed',
  REVOKED: 'killed',
};

export const isOver = ({ state }: QueueElement): boolean => state in ends;

/** Its worker has a machine, or is just leaving it. */
export const isRunning = ({ state }: QueueElement): boolean => state === 'RUNNING' || state === 'COMPLETING';

/** It was running and is to run again. */
export const wasRequeued = (before: QueueElement | null, now: QueueElement): boolean =>
  before !== null && isRunning(before) && !isRunning(now) && !isOver(now) && !isStill.has(now.state);

const isStill: ReadonlySet<string> = new Set(['SUSPENDED', 'STOPPED', 'SIGNALING', 'STAGE_OUT', 'RESIZING']);

export function endOf(element: QueueElement): LaunchedEnd {
  return { ending: ends[element.state] ?? 'lost', reason: `ended: ${stateOf(element)}` };
}

/** `PENDING (Resources), job 12_0`. */
export function stateOf({ id, state, reason, nodes }: QueueElement): string {
  const why = reason === '' || reason === 'None' ? '' : ` (${reason})`;
  return `${state}${why}${nodes === '' ? '' : ` on ${nodes}`}, job ${id}`;
}

/** How many of each role are how: `trainer: 1 RUNNING, 2 PENDING (Resources)`. */
export function summaryOf(elements: readonly QueueElement[]): string {
  const byRole = new Map<Role, Map<string, number>>();
  for (const { role, state, reason } of elements) {
    const states = byRole.get(role) ?? new Map<string, number>();
    byRole.set(role, states);
    const words = state === 'PENDING' && reason !== 'None' ? `${state} (${reason})` : state;
    states.set(words, (states.get(words) ?? 0) + 1);
  }
  const counts = (states: Map<string, number>): string => [...states].map(([words, n]) => `${n} ${words}`).join(', ');
  return [...byRole].map(([role, states]) => `${role}: ${counts(states)}`).join('; ');
}

const shortestMs = 10_000;
export const longestIntervalMs = 60_000;
/** Of the time between two looks at the queue, for each worker: 100 of them are looked at twice a minute. */
const perWorkerMs = 300;

/** Between two looks while something changes; while nothing does it grows to the longest. */
export const leastIntervalMs = (numWorkers: number): number =>
  Math.min(longestIntervalMs, Math.max(shortestMs, perWorkerMs * numWorkers));

/** 0, 1, 2, 5 as `0-2,5`. */
export function indexRanges(indices: readonly number[]): string {
  const sorted = [...indices].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const index of sorted) {
    const last = ranges.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}
