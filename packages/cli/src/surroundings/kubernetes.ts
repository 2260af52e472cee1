// `--launcher kubernetes` as a user asks for it: its options, and what is left of runs in a cluster.
import type { Options } from 'yargs';
import { CalmError } from '@calm-orch/core';
import type { KubeOptions } from '@calm-orch/coordinator/kubernetes';
import { hasTracker, openTracker } from '@calm-orch/tracker';

export interface KubeChoice {
  readonly kubeImage?: string;
  readonly kubeNamespace?: string;
  readonly kubeGpus?: number;
  readonly kubePatch?: string;
}

export const kubeOptions = {
  'kube-image': { type: 'string', requiresArg: true, describe: 'Image of the workers, made of our Containerfile' },
  'kube-namespace': {
    type: 'string',
    requiresArg: true,
    describe: "Namespace of the workers [default: that of the kubeconfig's context, or of this pod]",
  },
  'kube-gpus': { type: 'number', requiresArg: true, describe: 'GPUs (nvidia.com/gpu) of each trainer [default: 0]' },
  'kube-patch': {
    type: 'string',
    requiresArg: true,
    describe: "YAML that is merged into each role's Job: resources, tolerations, volumes (docs/cluster.md)",
  },
} as const satisfies Readonly<Record<string, Options>>;

/** @throws CalmError `invalid_argument` */
export function checkKubeChoice(given: Readonly<Record<string, unknown>>): void {
  const isAsked = given['launcher'] === 'kubernetes';
  const stray = Object.keys(kubeOptions).find((name) => given[name] !== undefined);
  if (stray !== undefined && !isAsked)
    throw new CalmError('invalid_argument', `--${stray}: has a meaning beside --launcher kubernetes only`);
  if (isAsked && given['kube-image'] === undefined)
    throw new CalmError(
      'invalid_argument',
      '--launcher kubernetes: name the image of the workers with --kube-image; `podman build -t calm-orch .` makes one',
    );
  const gpus = given['kube-gpus'];
  if (gpus !== undefined && !(Number.isSafeInteger(gpus) && (gpus as number) >= 0))
    throw new CalmError('invalid_argument', `--kube-gpus: expected a whole number from 0 up, got ${gpus as number}`);
}

/** @throws CalmError `invalid_config` where no cluster is known and no namespace was named */
export async function kubeOptionsOf(choice: KubeChoice): Promise<KubeOptions> {
  const { openCluster, readPatch } = await import('@calm-orch/coordinator/kubernetes');
  const { kubeImage: image, kubeNamespace, kubeGpus: gpus, kubePatch } = choice;
  return {
    image: image!,
    namespace: kubeNamespace ?? openCluster().namespace,
    ...(gpus !== undefined && { gpus }),
    ...(kubePatch !== undefined && { patch: readPatch(kubePatch) }),
  };
}

/** Whether it answers, and lets us look. @throws CalmError `unavailable` */
export async function checkCluster({ namespace }: KubeOptions): Promise<void> {
  const { openCluster } = await import('@calm-orch/coordinator/kubernetes');
  await openCluster().runs(namespace);
}

/** What prints the logs of a run's workers. */
export const podLogs = ({ namespace }: KubeOptions): string =>
  `kubectl logs -n ${namespace} --prefix -l app.kubernetes.io/managed-by=calm-orch`;

export interface ClusterReport {
  readonly server: string;
  readonly namespace: string;
  /** Runs with Jobs there. `status`: of this folder's; null: of another folder's, not known here. */
  readonly runs: readonly {
    readonly run: string;
    readonly dir: string;
    readonly status: string | null;
    readonly selector: string;
  }[];
}

/** @throws CalmError `invalid_config`, `unavailable` */
export async function lookAtCluster(dir: string, namespace?: string): Promise<ClusterReport> {
  const { instanceOf, kubeRun, managedBy, openCluster } = await import('@calm-orch/coordinator/kubernetes');
  const cluster = openCluster();
  const named = namespace ?? cluster.namespace;
  const found = await cluster.runs(named);
  const tracker = hasTracker(dir) ? openTracker(dir, { access: 'read' }) : null;
  try {
    const own = new Map(tracker?.listRuns().map((run) => [instanceOf(kubeRun(run, dir)), run.status]));
    const runs = found.map(({ instance, run, dir: theirs }) => ({
      run,
      dir: theirs,
      status: own.get(instance) ?? null,
      selector: `${managedBy},app.kubernetes.io/instance=${instance}`,
    }));
    return { server: cluster.server, namespace: named, runs };
  } finally {
    tracker?.close();
  }
}
