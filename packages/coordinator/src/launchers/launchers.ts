// Which launcher a run has. Slurm's is loaded where it is asked for alone.
import type { RunRecord } from '@calm-orch/tracker';
import { readConnection } from '../runs/connection.ts';
import type { RunOptions } from '../runs/run.ts';
import type { Legacy } from '../runs/takeover.ts';
import type { Launcher } from './launcher.ts';
import { localLauncher } from './local.ts';
import type { SlurmOptions } from './slurm-commands.ts';

export interface ClusterOptions extends SlurmOptions {
  /** `slurm`: elements of job arrays; `slurm-steps`: steps of the allocation of this process. */
  readonly engine: 'slurm' | 'slurm-steps';
  /** Address of this host by which those of the cluster reach it. */
  readonly host: string;
}

export async function launcherOf(options: RunOptions, { id: runId }: RunRecord, { code }: Legacy): Promise<Launcher> {
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
  }
}
