// Which launcher a run has. Those of clusters are loaded where they are asked for alone.
import { readFileSync } from 'node:fs';
import type { RunRecord } from '@calm-orch/tracker';
import { readConnection } from '../runs/connection.ts';
import type { RunOptions } from '../runs/run.ts';
import type { Legacy } from '../runs/takeover.ts';
import type { KubeOptions } from './kubernetes/manifests.ts';
import type { Launcher } from './launcher.ts';
import { localLauncher } from './local.ts';
import type { SlurmOptions } from './slurm-commands.ts';

interface OnCluster {
  /** Address of this host by which those of the cluster reach it. */
  readonly host: string;
}
interface OnSlurm extends SlurmOptions, OnCluster {
  /** `slurm`: elements of job arrays; `slurm-steps`: steps of the allocation of this process. */
  readonly engine: 'slurm' | 'slurm-steps';
}
interface OnKubernetes extends OnCluster {
  readonly engine: 'kubernetes';
  readonly kube: KubeOptions;
}
export type ClusterOptions = OnSlurm | OnKubernetes;

/** What a coordinator leaves for the next one to do it as it did. */
export type ClusterBefore = Pick<OnSlurm, 'engine' | 'args'> | Pick<OnKubernetes, 'engine' | 'kube'>;

export const clusterLeft = (cluster: ClusterOptions): ClusterBefore =>
  cluster.engine === 'kubernetes'
    ? { engine: cluster.engine, kube: cluster.kube }
    : { engine: cluster.engine, args: cluster.args };

export async function launcherOf(options: RunOptions, run: RunRecord, { code }: Legacy): Promise<Launcher> {
  const { id: runId } = run;
  const { cluster, workerScript: script, counts, machine, layout, onEvent } = options;
  switch (cluster?.engine) {
    case undefined: {
      const logFile = ({ role, index }: { readonly role: string; readonly index: number }): string =>
        layout.log(runId, `${role}-${index}`);
      return localLauncher({ script, counts, machine, logFile });
    }
    case 'slurm': {
      const { SlurmLauncher } = await import('./slurm.ts');
      const onNote = (message: string): void => onEvent?.({ type: 'note', label: 'slurm', message });
      const keep = readConnection(layout, runId)?.code === code;
      return new SlurmLauncher({ ...cluster, runId, layout, keep, onNote });
    }
    case 'slurm-steps': {
      const { slurmStepsLauncher } = await import('./slurm-steps.ts');
      return slurmStepsLauncher({ ...cluster, runId, layout });
    }
    case 'kubernetes': {
      const { kubeRun, openCluster } = await import('./kubernetes/index.ts');
      return openCluster().launch({
        run: kubeRun(run, layout.dir),
        options: cluster.kube,
        version: code,
        tokenOf: ({ role, index }) => readFileSync(layout.joinFile(runId, `${role}-${index}`), 'utf8'),
        onNote: (message) => onEvent?.({ type: 'note', label: 'kubernetes', message }),
      });
    }
  }
}
