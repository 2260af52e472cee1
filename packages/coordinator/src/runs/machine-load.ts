// How busy this machine is: its cores and memory, and its NVIDIA GPUs where nvidia-smi is found. Shown, never decided by.
import { execFile } from 'node:child_process';
import { cpus, freemem, totalmem } from 'node:os';
import type { MachineLoad } from '@calm-orch/tracker';

export interface LoadMeter {
  /** Cores since the reading before (the first: since now, 0), memory now, GPUs when nvidia-smi last answered. */
  read(): MachineLoad;
}

type Gpus = Pick<MachineLoad, 'gpu' | 'gpuMemoryBytes'>;

const noGpus: Gpus = { gpu: null, gpuMemoryBytes: null };

/** @param command The program that is asked for GPUs. */
export function openLoadMeter(command = 'nvidia-smi'): LoadMeter {
  let before = coreTimes();
  let gpus = noGpus;
  let isAsking = false;
  const ask = (): void => {
    if (isAsking) return;
    isAsking = true;
    execFile(command, [...gpuQuery], { timeout: 5000 }, (error, stdout) => {
      // Where there is no such program it is not asked again.
      isAsking = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
      gpus = error === null ? parseGpus(stdout) : noGpus;
    });
  };
  ask();
  return {
    read: () => {
      ask();
      const now = coreTimes();
      const all = now.all - before.all;
      const cpu = all > 0 ? Math.min(1, Math.max(0, (now.busy - before.busy) / all)) : 0;
      before = now;
      return { cpu, memoryBytes: totalmem() - freemem(), ...gpus };
    },
  };
}

function coreTimes(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

const gpuQuery = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits'] as const;

/** A line a GPU: percent, MiB. What a GPU does not tell (`[N/A]`) counts for nothing. */
export function parseGpus(text: string): Gpus {
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map(Number));
  const known = (column: number): number[] => rows.flatMap((row) => (Number.isFinite(row[column]) ? row[column]! : []));
  const [shares, mebibytes] = [known(0), known(1)];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    gpu: shares.length === 0 ? null : sum(shares) / shares.length / 100,
    gpuMemoryBytes: mebibytes.length === 0 ? null : sum(mebibytes) * 1024 * 1024,
  };
}
