// What this machine computes with, read without loading the engine.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath, type Environment } from './install/tool.ts';

export interface Device {
  readonly kind: 'cpu' | 'gpu';
  readonly name: string;
  readonly memoryBytes?: number;
  /** Widest vector instructions of a processor: TensorFlow picks its kernels by it, so results can differ in the last bit. */
  readonly instructionSet?: string;
}

const execute = promisify(execFile);
const driverDir = '/proc/driver/nvidia';

/** Cores this process may use: processor affinity and the control group's quota both count. */
export function numCores(): number {
  const quota = cgroupQuota();
  return Math.max(1, quota === undefined ? availableParallelism() : Math.min(availableParallelism(), Math.ceil(quota)));
}

function cgroupQuota(): number | undefined {
  try {
    const [quota, period] = readFileSync('/sys/fs/cgroup/cpu.max', 'utf8').trim().split(' ').map(Number);
    return quota === undefined || period === undefined || !(quota > 0) ? undefined : quota / period;
  } catch {
    return undefined;
  }
}

/** The widest of the vector instruction sets TensorFlow has kernels for. */
export function instructionSet(): string {
  if (process.arch !== 'x64') return process.arch;
  const flags = processorFlags();
  const known = [
    ['amx_bf16', 'AMX'],
    ['avx512_bf16', 'AVX-512 BF16'],
    ['avx512_vnni', 'AVX-512 VNNI'],
    ['avx512f', 'AVX-512'],
    ['avx2', 'AVX2'],
    ['avx', 'AVX'],
  ] as const;
  return known.find(([flag]) => flags.has(flag))?.[1] ?? 'SSE';
}

/**
 * Whether products are filled up with rows (row-product.ts of the model). A processor with AVX2 and no AVX-512 gives a row
 * other bits among other numbers of rows; that makes up for it, for as many threads as `maxExactThreads` (measured: none of
 * 900 products with 1 and 2 threads, 90 of 300 with 3). What a GPU does is its libraries' choice, which no filling of a
 * processor's kind is known to change.
 */
export function padsRows(usesGpu: boolean, set: string = instructionSet()): boolean {
  return !usesGpu && ['AVX2', 'AVX', 'SSE'].includes(set);
}

/** Whether this processor has the instructions that fused operations are built for: ops.cc registers them only then. */
export const runsKernels = (set: string = instructionSet()): boolean => !['AVX', 'SSE'].includes(set);

/** Threads a trainer may have so that its bits are those of a gang. */
export const maxExactThreads = (usesGpu: boolean, set?: string): number => (padsRows(usesGpu, set) ? 2 : Infinity);

function processorFlags(): ReadonlySet<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return new Set(line.trim().split(/\s+/));
  } catch {
    return new Set();
  }
}

/** Whether an NVIDIA driver is loaded here. */
export function hasNvidiaDriver(env: Environment = process.env): boolean {
  return existsSync(join(driverDir, 'version')) || findOnPath('nvidia-smi', env) !== undefined;
}

/** The NVIDIA GPUs, as `nvidia-smi` or else the driver itself names them; empty where there are none. */
export async function gpus(env: Environment = process.env): Promise<readonly Device[]> {
  const smi = findOnPath('nvidia-smi', env);
  if (smi !== undefined) {
    try {
      const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
      const { stdout } = await execute(smi, query, { timeout: 20_000 });
      return stdout.split('\n').flatMap((line): Device[] => {
        const [name, memoryMiB] = line.split(',').map((field) => field.trim());
        if (name === undefined || name === '') return [];
        return [{ kind: 'gpu', name, memoryBytes: Number(memoryMiB) * 2 ** 20 }];
      });
    } catch {
      // A driver that does not answer: what it says of itself below is all there is.
    }
  }
  const dir = join(driverDir, 'gpus');
  if (!existsSync(dir)) return [];
  return readdirSync(dir).map((bus): Device => {
    const information = readFileSync(join(dir, bus, 'information'), 'utf8');
    return { kind: 'gpu', name: /^Model:\s*(.*)$/m.exec(information)?.[1] ?? 'NVIDIA GPU' };
  });
}

/** Of `count` GPUs those that CUDA_VISIBLE_DEVICES leaves to this process, as it names them; all where it is not set. */
export function visibleGpus(count: number, env: Environment = process.env): readonly string[] {
  const all = Array.from({ length: count }, (_, i) => String(i));
  const visible = env.CUDA_VISIBLE_DEVICES;
  if (visible === undefined || count === 0) return all;
  const names = visible.split(',').map((name) => name.trim());
  // CUDA takes the names up to the first that is none.
  const end = names.findIndex((name) => !all.includes(name) && !/^(GPU|MIG)-/.test(name));
  return end < 0 ? names : names.slice(0, end);
}

/** The processor first, then the GPUs. */
export async function devices(env: Environment = process.env): Promise<readonly Device[]> {
  const name = cpus()[0]?.model.trim() ?? process.arch;
  return [{ kind: 'cpu', name, memoryBytes: totalmem(), instructionSet: instructionSet() }, ...(await gpus(env))];
}
