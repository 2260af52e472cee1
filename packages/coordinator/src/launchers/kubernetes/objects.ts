// What a cluster says of a run's Jobs and pods, and what it means for their workers.
import { roles, type Role } from '@calm-orch/core';
import type { LaunchedEnd } from '../launcher.ts';
import { annotations } from './manifests.ts';

interface Metadata {
  readonly name: string;
  readonly uid: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Job {
  readonly metadata: Metadata;
  readonly status?: {
    /** As `1,3-5,7`. */
    readonly completedIndexes?: string;
    readonly failedIndexes?: string;
    readonly conditions?: readonly Condition[];
  };
}

export interface Pod {
  readonly metadata: Metadata;
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: {
        readonly waiting?: { readonly reason?: string; readonly message?: string };
        readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
      };
    }[];
  };
}

export interface List<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

const component = 'app.kubernetes.io/component';

export const roleOf = ({ metadata }: Job | Pod): Role | undefined =>
  roles.find((role) => role === metadata.labels?.[component]);

/** The slot of each index. */
export const slotsOf = ({ metadata }: Job): number[] =>
  (metadata.annotations?.[annotations.slots] ?? '')
    .split(',')
    .filter((text) => /^\d+$/.test(text))
    .map(Number);

/** Of a name that ends in it. */
export const numberOf = ({ metadata }: Job): number => Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? 0);

export const jobNameOf = ({ metadata }: Pod): string | undefined =>
  metadata.labels?.['batch.kubernetes.io/job-name'] ?? metadata.labels?.['job-name'];

export const indexOf = ({ metadata }: Pod): number =>
  Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? -1);

/** Whether the Job starts no worker for this index any more. */
export function isOver({ metadata, status = {} }: Job, index: number): boolean {
  const isFinished = status.conditions?.some(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
  const isListed = [status.completedIndexes, status.failedIndexes].some((text) => hasIndex(text ?? '', index));
  return metadata.deletionTimestamp !== undefined || isFinished === true || isListed;
}

const hasIndex = (ranges: string, index: number): boolean =>
  ranges.split(',').some((range) => {
    const [from, to = from] = range.split('-');
    return range !== '' && Number(from) <= index && index <= Number(to);
  });

export const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Its worker has a machine, or is just leaving it. */
export const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running';

/** `Running`, `Pending (ImagePullBackOff)`. */
function phaseOf({ metadata, status = {} }: Pod): string {
  const { phase = 'Unknown', containerStatuses = [], conditions = [] } = status;
  if (metadata.deletionTimestamp !== undefined && phase === 'Running') return 'Terminating';
  const waiting = containerStatuses.find(({ state }) => state?.waiting !== undefined)?.state?.waiting?.reason;
  const unscheduled = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')?.reason;
  const why = phase === 'Pending' ? (waiting ?? unscheduled ?? status.reason) : status.reason;
  return why === undefined ? phase : `${phase} (${why})`;
}

/** `Running on node-1, pod NAME`; why a pod waits, in the cluster's words. */
export function stateOf(pod: Pod): string {
  const { containerStatuses = [], conditions = [] } = pod.status ?? {};
  const message =
    containerStatuses.find(({ state }) => state?.waiting?.message)?.state?.waiting?.message ??
    conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message;
  const node = pod.spec?.nodeName === undefined ? '' : ` on ${pod.spec.nodeName}`;
  return `${phaseOf(pod)}${node}, pod ${pod.metadata.name}${message === undefined ? '' : `: ${message}`}`;
}

/** What its worker said last, if it failed. */
export const lastLine = ({ status }: Pod): string | undefined =>
  status?.containerStatuses
    ?.find(({ state }) => state?.terminated?.message)
    ?.state?.terminated?.message?.trimEnd()
    .split('\n')
    .at(-1);

/** Of a pod that has ended, or is not there any more. */
export function endOf(pod: Pod): LaunchedEnd {
  const { metadata, status = {} } = pod;
  const name = `pod ${metadata.name}`;
  const disrupted = status.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  if (disrupted !== undefined) {
    const why = [disrupted.reason, disrupted.message].filter(Boolean).join(': ');
    return { ending: 'killed', reason: `was evicted (${why}), ${name}` };
  }
  const terminated = status.containerStatuses?.find(({ state }) => state?.terminated)?.state?.terminated;
  if (metadata.deletionTimestamp !== undefined || terminated === undefined) {
    const why = [status.reason, status.message].filter(Boolean).join(': ');
    return { ending: 'killed', reason: `was ${why === '' ? 'deleted' : `ended (${why})`}, ${name}` };
  }
  const { exitCode, reason = '' } = terminated;
  if (exitCode === 0) return { ending: 'finished', reason: `ended, ${name}` };
  const why = reason === '' || reason === 'Error' ? '' : ` (${reason})`;
  return { ending: 'lost', reason: `ended with exit code ${exitCode}${why}, ${name}` };
}

/** How many of each role are how: `trainer: 1 Running, 2 Pending (Unschedulable)`. */
export function summaryOf(pods: readonly Pod[]): string {
  return roles
    .flatMap((role) => {
      const counts = new Map<string, number>();
      for (const pod of pods) if (roleOf(pod) === role) counts.set(phaseOf(pod), (counts.get(phaseOf(pod)) ?? 0) + 1);
      return counts.size === 0 ? [] : `${role}: ${[...counts].map(([words, n]) => `${n} ${words}`).join(', ')}`;
    })
    .join('; ');
}
