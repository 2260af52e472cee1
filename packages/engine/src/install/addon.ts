// Compiles tfjs-node's addon from the two sources in its package, and the fused operations into it; beside it an addon for
// shared memory and one for sessions that members of a gang share. They speak Node-API 8, so one build serves every Node from 20 on.
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { collectiveSource, kernelSources, memorySource } from '../fused-kernels.ts';
import { runTool, type Environment, type Tool } from './tool.ts';

export interface BuildOptions {
  readonly compiler: Tool;
  /** Folder of tfjs-node or tfjs-node-gpu, with libtensorflow and its headers in `deps`. */
  readonly packageDir: string;
  readonly withKernels: boolean;
  readonly env: Environment;
  readonly signal?: AbortSignal;
}

interface Source {
  readonly path: string;
  readonly object: string;
  readonly flags: readonly string[];
}

/** No product and sum are fused but where the source says so: the bits are those of the source, whatever the compiler. */
const exact = ['-O3', '-ffp-contract=off', '-Wno-maybe-uninitialized'];

/** The kernels are compiled once for each kind of processor; the right ones are chosen when they are loaded. */
const ownSources: readonly Source[] = [
  ['ops', 'ops', exact],
  ['threads', 'threads', exact],
  ['kernels', 'avx2', [...exact, '-mavx2', '-mfma', '-DISA=avx2', '-DKERNELS=kernelsAvx2']],
  ['kernels', 'avx512', [...exact, '-mavx512f', '-mavx512dq', '-mfma', '-DISA=avx512', '-DKERNELS=kernelsAvx512']],
].map(([source, object, flags]) => ({
  path: join(kernelSources, `${source as string}.cc`),
  object: `${object as string}.o`,
  flags: flags as string[],
}));

/** Writes `tfjs_binding.node`, `calm_memory.node` and `calm_collective.node` in `lib/napi-v8`, and removes the headers and objects that served for it. */
export async function buildAddon({ compiler, packageDir, withKernels, env, signal }: BuildOptions): Promise<void> {
  const { include_dir: nodeHeaders } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  const out = join('lib', 'napi-v8');
  mkdirSync(join(packageDir, out), { recursive: true });
  const options = { env, signal, cwd: packageDir };
  const sources = [
    ...['tfjs_backend', 'tfjs_binding'].map((name): Source => ({
      path: join('binding', `${name}.cc`),
      object: `${name}.o`,
      flags: ['-O2', '-DNAPI_VERSION=8'],
    })),
    ...(withKernels ? ownSources : []),
  ];
  const objects = sources.map(({ object }) => join(out, object));
  const includes = ['.', join('deps', 'include'), nodeHeaders].flatMap((dir) => ['-I', dir]);
  const tensorflow = [
    ...['-L', join('deps', 'lib'), '-ltensorflow', '-ltensorflow_framework'],
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  ];
  const own = ['-std=c++17', '-O3', '-fPIC', '-shared', ...includes];
  await Promise.all([
    runTool(compiler, [...own, memorySource, '-o', join(out, 'calm_memory.node')], options),
    runTool(compiler, [...own, collectiveSource, '-o', join(out, 'calm_collective.node'), ...tensorflow], options),
    ...sources.map(({ path, flags }, i) =>
      runTool(compiler, ['-std=c++17', '-fPIC', ...flags, ...includes, '-c', path, '-o', objects[i]!], options),
    ),
  ]);
  await runTool(compiler, ['-shared', ...objects, '-o', join(out, 'tfjs_binding.node'), ...tensorflow], options);
  for (const object of objects) rmSync(join(packageDir, object));
  rmSync(join(packageDir, 'deps', 'include'), { recursive: true });
}
