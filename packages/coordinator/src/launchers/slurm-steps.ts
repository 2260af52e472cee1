// Workers as steps of the allocation this coordinator itself runs in: one `srun` each, for clusters where login nodes end
// what runs long, and where the queue needs not be asked for every worker.
import { stopProcess } from './host-process.ts';
import type { Launcher } from './launcher.ts';
import { lastWords, startChild } from './local.ts';
import { jobEnvironment } from './slurm-commands.ts';
import type { SlurmRun } from './slurm-orders.ts';
import { jobName } from './slurm-queue.ts';

export function slurmStepsLauncher({ runId, layout, args, command, gpus }: SlurmRun): Launcher {
  const logFile = (role: string, index: number): string => layout.log(runId, `${role}-${index}`);
  const allocation = Object.entries(process.env).filter(([name]) => name.startsWith('SLURM_'));
  const env = { ...jobEnvironment(), ...Object.fromEntries(allocation) };
  return {
    joins: true,
    start: ({ role, index }) => {
      const step = [
        `--job-name=${jobName(runId, role)}`,
        '--nodes=1',
        '--ntasks=1',
        '--exact',
        // Else the whole allocation ends with one of its nodes' workers.
        '--kill-on-bad-exit=0',
        ...(gpus && role === 'trainer' ? ['--gres=gpu:1'] : []),
        ...args,
      ];
      const joining = ['--role', role, '--join-file', layout.joinFile(runId, `${role}-${index}`)];
      return startChild('srun', [...step, ...command, ...joining], { env, logFile: logFile(role, index), ipc: false });
    },
    // `srun` ends its step when it is ended in order; what is left of a step it could not end has no place in the run.
    stop: (workers) => {
      for (const { process } of workers) if (process !== null) stopProcess(process, 'orderly');
    },
    isWaiting: () => false,
    describe: ({ role, index }) => lastWords(logFile(role, index)),
  };
}
