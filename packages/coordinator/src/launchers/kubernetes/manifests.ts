// What a run puts into a cluster: for each role an Indexed Job, one index a slot, and a Secret with what lets its workers
// join. Labels say whose they are; nothing is kept beside the cluster.
import { hashOf, type Json, type Role } from '@calm-orch/core';
import { merge } from './patch.ts';

/** What a user decides. */
export interface KubeOptions {
  /** Made of the project's Containerfile. */
  readonly image: string;
  readonly namespace: string;
  /** GPUs of each trainer. @default 1 where the coordinator computes with a GPU */
  readonly gpus?: number;
  /** Merged into each Job. */
  readonly patch?: Readonly<Record<string, unknown>>;
}

/** The run as the cluster knows it. */
export interface KubeRun {
  readonly id: string;
  /** Tells it from runs of other run folders. */
  readonly uid: string;
  /** The run folder, for people. */
  readonly dir: string;
}

export interface RoleJob {
  readonly role: Role;
  /** The slot of each index. */
  readonly slots: readonly number[];
  /** 1-based among the run's Jobs of the role. */
  readonly number: number;
}

export const managedBy = 'app.kubernetes.io/managed-by=calm-orch';
export const annotations = {
  slots: 'calm-orch/slots',
  spec: 'calm-orch/spec',
  run: 'calm-orch/run',
  dir: 'calm-orch/dir',
};

/** Exit code of a worker that was told to end before the run did: the Job starts another for its index. */
export const stoppedExitCode = 143;
const joinFolder = '/run/calm-orch/join';
/** So often does a Job itself start a worker again that failed; then this launcher asks for another Job. */
const maxRetries = 4;
/** A worker has so long to save a checkpoint and hand it over. */
const graceSeconds = 60;
/** Jobs that nobody looks after any more remove themselves, with their Secrets. */
const keptSeconds = 600;
/** User, group and cache of the image (Containerfile). */
const user = 1000;
const cache = '/var/cache/calm-orch';

/** Names may have so many characters, and pods of a Job add theirs. */
const maxNameLength = 20;

/** `smoke-1-3f2a91c0`: value of a label, and part of names. Letters that Kubernetes has not are left out. */
export function instanceOf({ id, uid }: Pick<KubeRun, 'id' | 'uid'>): string {
  const words = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(-maxNameLength)
    .replace(/^-+|-+$/g, '');
  return words === '' ? uid : `${words}-${uid}`;
}

/** Of everything of one run. */
export const selectorOf = (run: KubeRun): string => `${managedBy},app.kubernetes.io/instance=${instanceOf(run)}`;

const nameOf = (run: KubeRun, { role, number }: RoleJob): string => `calm-orch-${instanceOf(run)}-${role}-${number}`;

const labelsOf = (run: KubeRun, role: Role): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': 'calm-orch',
  'app.kubernetes.io/managed-by': 'calm-orch',
  'app.kubernetes.io/instance': instanceOf(run),
  'app.kubernetes.io/component': role,
});

/** `tokens`: of each index. `owner`: its Job, with which it goes. */
export function secretOf(
  run: KubeRun,
  job: RoleJob,
  { namespace }: KubeOptions,
  tokens: readonly string[],
  owner?: { readonly uid: string },
) {
  const name = nameOf(run, job);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: labelsOf(run, job.role),
      ...(owner && { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: owner.uid }] }),
    },
    stringData: Object.fromEntries(tokens.map((token, index) => [String(index), token])),
  };
}

/** Whether Jobs that are there are as they would be made now. `version`: of what workers compute with, and where they call. */
export const specOf = (options: KubeOptions, version: Json): string => hashOf({ ...options, version }).slice(0, 16);

/** Of the environment of this process a worker needs these, where they are set. */
const passed = ['CALM_ORCH_BACKEND', 'CALM_ORCH_TENSORS'];

export function jobOf(run: KubeRun, job: RoleJob, options: KubeOptions, spec = '', env = process.env) {
  const { role, slots } = job;
  const { image, namespace, gpus = 0, patch = {} } = options;
  const name = nameOf(run, job);
  const labels = labelsOf(run, role);
  const threads = { resourceFieldRef: { containerName: 'worker', resource: 'limits.cpu', divisor: '1' } };
  const worker = {
    name: 'worker',
    image,
    args: [
      ...['worker', '--role', role, '--join-file', `${joinFolder}/$(JOB_COMPLETION_INDEX)`],
      ...['--cache', cache, '--stopped-exit-code', String(stoppedExitCode)],
    ],
    env: [
      ...['TF_NUM_INTRAOP_THREADS', 'OMP_NUM_THREADS', 'VIPS_CONCURRENCY'].map((variable) => ({
        name: variable,
        valueFrom: threads,
      })),
      { name: 'TF_NUM_INTEROP_THREADS', value: '1' },
      { name: 'TF_CPP_MIN_LOG_LEVEL', value: '3' },
      ...passed.flatMap((variable) => (env[variable] ? [{ name: variable, value: env[variable] }] : [])),
    ],
    ...(gpus > 0 && role === 'trainer' && { resources: { limits: { 'nvidia.com/gpu': gpus } } }),
    volumeMounts: [
      { name: 'join', mountPath: joinFolder, readOnly: true },
      { name: 'cache', mountPath: cache },
    ],
    // The end of its log tells why it failed.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels,
      annotations: {
        [annotations.slots]: slots.join(','),
        [annotations.spec]: spec,
        [annotations.run]: run.id,
        [annotations.dir]: run.dir,
      },
    },
    spec: {
      completionMode: 'Indexed',
      completions: slots.length,
      parallelism: slots.length,
      backoffLimitPerIndex: maxRetries,
      maxFailedIndexes: slots.length,
      podFailurePolicy: {
        rules: [
          // Evicted, pushed aside, its node drained: no failure.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          {
            action: 'Ignore',
            onExitCodes: { containerName: 'worker', operator: 'In', values: [stoppedExitCode] },
          },
        ],
      },
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: graceSeconds,
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: user,
            runAsGroup: user,
            fsGroup: user,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [worker],
          volumes: [
            { name: 'join', secret: { secretName: name, defaultMode: 0o440 } },
            { name: 'cache', emptyDir: {} },
          ],
        },
      },
    },
  };
  return merge(manifest, patch) as typeof manifest;
}
