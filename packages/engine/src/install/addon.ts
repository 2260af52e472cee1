// Compiles tfjs-node's addon from the two sources in its package. It speaks Node-API 8, so one build serves every
// Node from 20 on.
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runTool, type Environment, type Tool } from './tool.ts';

export interface BuildOptions {
  readonly compiler: Tool;
  /** Folder of tfjs-node or tfjs-node-gpu, with libtensorflow and its headers in `deps`. */
  readonly packageDir: string;
  readonly env: Environment;
  readonly signal?: AbortSignal;
}

/** Writes `lib/napi-v8/tfjs_binding.node` and removes the headers and objects that served for it. */
export async function buildAddon({ compiler, packageDir, env, signal }: BuildOptions): Promise<void> {
  const { include_dir: nodeHeaders } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  const out = join('lib', 'napi-v8');
  mkdirSync(join(packageDir, out), { recursive: true });
  const options = { env, signal, cwd: packageDir };
  const sources = ['tfjs_backend', 'tfjs_binding'];
  const objectOf = (source: string): string => join(out, `${source}.o`);
  const includes = ['.', join('deps', 'include'), nodeHeaders].flatMap((dir) => ['-I', dir]);
  await Promise.all(
    sources.map((source) =>
      runTool(
        compiler,
        [
          '-std=c++17',
          '-O2',
          '-fPIC',
          '-DNAPI_VERSION=8',
          ...includes,
          '-c',
          join('binding', `${source}.cc`),
          '-o',
          objectOf(source),
        ],
        options,
      ),
    ),
  );
  await runTool(
    compiler,
    [
      '-shared',
      ...sources.map(objectOf),
      '-o',
      join(out, 'tfjs_binding.node'),
      '-L',
      join('deps', 'lib'),
      '-ltensorflow',
      '-ltensorflow_framework',
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ],
    options,
  );
  for (const source of sources) rmSync(join(packageDir, objectOf(source)));
  rmSync(join(packageDir, 'deps', 'include'), { recursive: true });
}
