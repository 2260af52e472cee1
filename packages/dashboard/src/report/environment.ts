// Where a run was computed, in words, from what it has recorded. Runs of earlier versions have recorded less.
import type { RunRecord } from '@calm-orch/tracker';

interface Engine {
  readonly backend?: string;
  readonly version?: string;
  readonly package?: string;
  readonly packageVersion?: string;
  readonly instructionSet?: string;
  readonly kernels?: string;
}

interface Machine {
  readonly cores?: number;
  readonly memoryBytes?: number;
  readonly os?: string;
  readonly devices?: readonly { readonly name: string }[];
}

export function environmentOf({ versions, machine }: RunRecord): [what: string, value: string][] {
  const { node, engine } = versions as { readonly node?: string; readonly engine?: Engine | null };
  const { cores, memoryBytes, os, devices } = machine as Machine;
  const named: [string, string | undefined][] = [
    ['Engine', engine?.backend && `${engine.backend} ${engine.version ?? ''}`.trimEnd()],
    ['Engine package', engine?.package && `${engine.package} ${engine.packageVersion ?? ''}`.trimEnd()],
    ['Instruction set', engine?.instructionSet],
    ['Kernels', engine?.kernels],
    ['Node.js', node],
    ['Processor', devices?.map(({ name }) => name).join(', ')],
    ['Cores', cores === undefined ? undefined : String(cores)],
    ['Memory', memoryBytes === undefined ? undefined : `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['System', os],
  ];
  return named.flatMap(([what, value]) => (value === undefined || value === '' ? [] : [[what, value]]));
}
