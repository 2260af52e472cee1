// What a run asks of its cluster: what there is of it, more Jobs, an end to some.
import { statusOf, type KubeApi } from './api.ts';
import { jobOf, secretOf, selectorOf, type KubeOptions, type KubeRun, type RoleJob } from './manifests.ts';
import type { Job, List, Pod } from './objects.ts';

export interface Orders {
  /** The run's, by label. */
  list(): Promise<readonly [jobs: List<Job>, pods: List<Pod>]>;
  /** `ring`: whatever becomes of its pods from this version on, also where the watch itself errs. Resolved once it is over. */
  watch(resourceVersion: string, ring: () => void, signal: AbortSignal): Promise<void>;
  /** Its name. `tokens`: of each index. `spec`: what it is known again by. */
  create(job: RoleJob, tokens: readonly string[], spec: string): Promise<string>;
  deleteJob(job: Job): Promise<void>;
  /** Without waiting for its node. */
  deletePod(pod: Pod): Promise<void>;
  /** All Jobs, whose pods go with them, and Secrets. */
  deleteAll(): Promise<void>;
  /** `deleteAll` for people. */
  readonly deleteCommand: string;
}

/** Each throws a CalmError `unavailable`; what was asked may have been done all the same. */
export function openOrders(api: KubeApi, run: KubeRun, options: KubeOptions): Orders {
  const { namespace } = options;
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const labelSelector = selectorOf(run);
  const apply = (secret: ReturnType<typeof secretOf>): Promise<unknown> => {
    const path = `${secrets}/${secret.metadata.name}`;
    const query = { fieldManager: 'calm-orch', force: 'true' };
    return api.call('PATCH', path, { query, body: secret, type: 'application/apply-patch+yaml' });
  };
  const remove = async (path: string, { uid }: Pod['metadata'], more = {}): Promise<void> => {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', preconditions: { uid } };
    try {
      await api.call('DELETE', path, { body: { ...body, ...more } });
    } catch (error) {
      // Gone already, or another by now.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    }
  };
  return {
    list: () =>
      Promise.all([
        api.call<List<Job>>('GET', jobs, { query: { labelSelector } }),
        api.call<List<Pod>>('GET', pods, { query: { labelSelector } }),
      ]),
    watch: (resourceVersion, ring, signal) => api.watch(pods, { labelSelector, resourceVersion }, ring, signal),
    create: async (job, tokens, spec) => {
      // Before the pods that read it; it goes with its Job once that is there.
      await apply(secretOf(run, job, options, tokens));
      const { metadata } = await api.call<Job>('POST', jobs, { body: jobOf(run, job, options, spec) });
      await apply(secretOf(run, job, options, tokens, metadata));
      return metadata.name;
    },
    deleteJob: ({ metadata }) => remove(`${jobs}/${metadata.name}`, metadata),
    deletePod: ({ metadata }) => remove(`${pods}/${metadata.name}`, metadata, { gracePeriodSeconds: 0 }),
    deleteAll: async () => {
      const query = { labelSelector, propagationPolicy: 'Background' };
      await api.call('DELETE', jobs, { query });
      await api.call('DELETE', secrets, { query });
    },
    deleteCommand: `kubectl delete jobs,secrets -n ${namespace} -l ${labelSelector}`,
  };
}
