// A cluster of Kubernetes, as commands see it.
import { hashOf } from '@calm-orch/core';
import { kubeAccess } from './access.ts';
import { openKubeApi } from './api.ts';
import { KubernetesLauncher, type KubernetesLauncherOptions } from './kubernetes.ts';
import { annotations, managedBy, type KubeRun } from './manifests.ts';
import type { Job, List } from './objects.ts';
import { openOrders } from './orders.ts';

/** What a run has in a cluster. */
export interface FoundRun {
  /** As its label says it. */
  readonly instance: string;
  readonly run: string;
  /** Its run folder, where its coordinator was. */
  readonly dir: string;
  readonly jobs: readonly string[];
}

type LaunchOptions = Omit<KubernetesLauncherOptions, 'orders'> & { readonly run: KubeRun };

export interface Cluster {
  /** Host and port of the API server. */
  readonly server: string;
  /** Of the context or this pod. */
  readonly namespace: string;
  /** Runs with Jobs in a namespace, by label; of this folder or any other. @throws CalmError `unavailable` */
  runs(namespace: string): Promise<FoundRun[]>;
  launch(options: LaunchOptions): KubernetesLauncher;
}

/** @throws CalmError `invalid_config` where none is known */
export function openCluster(): Cluster {
  const access = kubeAccess();
  const api = openKubeApi(access);
  return {
    server: access.server.host,
    namespace: access.namespace,
    runs: async (namespace) => {
      const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
      const { items } = await api.call<List<Job>>('GET', path, { query: { labelSelector: managedBy } });
      const found = new Map<string, FoundRun>();
      for (const { metadata } of items) {
        const { name, labels = {}, annotations: said = {} } = metadata;
        const instance = labels['app.kubernetes.io/instance'] ?? '';
        const jobs = [...(found.get(instance)?.jobs ?? []), name];
        found.set(instance, { instance, run: said[annotations.run] ?? '', dir: said[annotations.dir] ?? '', jobs });
      }
      return [...found.values()];
    },
    launch: (options) => new KubernetesLauncher({ ...options, orders: openOrders(api, options.run, options.options) }),
  };
}

/** A run keeps its name there when its folder moves. */
export const kubeRun = (run: { readonly id: string; readonly startedMs: number }, dir: string): KubeRun => ({
  id: run.id,
  uid: hashOf([run.id, run.startedMs]).slice(0, 8),
  dir,
});

export { readPatch } from './patch.ts';
export { renderManifests } from './render.ts';
export { instanceOf, managedBy, type KubeOptions } from './manifests.ts';
