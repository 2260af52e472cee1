// What `calm-orch doctor` finds: the engine (finished or improved on the way), the devices, the speed of one matrix
// product, and what is missing with its remedy.
import { CalmError } from '@calm-orch/core';
import { devices, numCores, type Device } from './device.ts';
import { ensureEngine, type InstallOptions } from './install/install.ts';
import { probeEngine, type ProbeReport } from './install/verify.ts';
import { variantInfo, type Backend, type InstalledEngine, type Missing, type Source, type Variant } from './layout.ts';
import { backendFromEnvironment } from './load.ts';

export interface DoctorReport {
  /** The engine that runs would use; null when none could be installed. */
  readonly engine: {
    readonly backend: Backend;
    readonly version: string;
    readonly variant: Variant;
    readonly source: Source;
    readonly dir: string;
  } | null;
  readonly devices: readonly Device[];
  readonly cores: number;
  /** fp32 product of two 1024 x 1024 matrices on all cores, measured; null without an engine. */
  readonly gflops: number | null;
  readonly missing: readonly Missing[];
}

/** Looks at this machine, installing what an earlier install left undone. Never throws for a missing engine. */
export async function doctor(options: InstallOptions = {}): Promise<DoctorReport> {
  const { env = process.env, signal } = options;
  const machine = { devices: await devices(env), cores: numCores() };
  let installed: InstalledEngine;
  try {
    installed = await ensureEngine({ retry: true, ...options });
  } catch (error) {
    if (!(error instanceof CalmError && error.code === 'engine')) throw error;
    const noted = error.data.missing as readonly Missing[] | undefined;
    const missing = noted ?? [
      { what: 'an engine', why: error.message, remedy: 'see to what is said there, then run `npx calm-orch doctor`' },
    ];
    return { engine: null, ...machine, gflops: null, missing };
  }
  const { dir, marker } = installed;
  const backend = options.backend ?? backendFromEnvironment(env) ?? marker.backend;
  const engine = { backend, version: marker.version, variant: marker.variant, source: marker.source, dir };
  const location = { dir, backend, package: backend === 'wasm' ? variantInfo.wasm.package : marker.package };
  let report: ProbeReport;
  try {
    report = await probeEngine({ ...location, size: 1024, measureMs: 1_000 }, { env, signal });
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    const broken = { what: 'a working engine', why, remedy: `delete ${dir}, then run \`npx calm-orch doctor\`` };
    return { engine, ...machine, gflops: null, missing: [broken, ...marker.missing] };
  }
  return {
    engine: { ...engine, version: report.version },
    ...machine,
    gflops: report.gflops,
    missing: [...marker.missing, ...missingCuda(installed, report)],
  };
}

function missingCuda({ marker }: InstalledEngine, { usesGpu }: ProbeReport): readonly Missing[] {
  if (marker.variant !== 'gpu' || usesGpu) return [];
  return [
    {
      what: 'CUDA libraries',
      why: 'TensorFlow with CUDA is installed, but computed on the processor',
      remedy: 'see that `nvidia-smi` works and that the driver is recent enough for CUDA 12.5 (525 or later)',
    },
  ];
}

/** The report as lines for a terminal; `more`: labels and texts of what others have looked at. */
export function renderDoctor(
  { engine, devices: all, cores, gflops, missing }: DoctorReport,
  more: readonly (readonly [string, string])[] = [],
): string {
  const origin = {
    wheel: 'libtensorflow from its Python wheel',
    package: 'as tfjs-node downloads it',
    none: 'WebAssembly',
  };
  const rows: (readonly [string, string])[] = [
    [
      'engine',
      engine === null
        ? 'none'
        : `${engine.backend} ${engine.version} (${origin[engine.backend === 'wasm' ? 'none' : engine.source]})`,
    ],
    ...all.map((device): [string, string] => [device.kind, describeDevice(device)]),
    ['cores', String(cores)],
    ['speed', gflops === null ? 'not measured' : `${String(gflops)} GFLOP/s (fp32 matrix product, 1024 x 1024)`],
    ...more,
    ...(missing.length === 0 ? [['missing', 'nothing'] satisfies [string, string]] : []),
    ...missing.flatMap(({ what, why, remedy }): [string, string][] => [
      ['missing', `${what}: ${why}`],
      ['', `remedy: ${remedy}`],
    ]),
  ];
  return rows.map(([label, text]) => `${label.padEnd(9)}${text}`).join('\n');
}

function describeDevice({ name, memoryBytes, instructionSet }: Device): string {
  const memory = memoryBytes === undefined ? [] : [`${(memoryBytes / 2 ** 30).toFixed(0)} GiB memory`];
  return [name, ...memory, ...(instructionSet === undefined ? [] : [instructionSet])].join(', ');
}
