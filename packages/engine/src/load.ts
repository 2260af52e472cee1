// Loads TensorFlow.js from the engine folder, never from node_modules: tfjs-node, its tfjs-core and the addon must be
// one family, and a second tfjs-core in the process would have its own, empty, kernel registry.
// Nothing is loaded at import time; `tf` is a live binding that is undefined until `startEngine` has resolved.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import { CalmError } from '@calm-orch/core';
import { runsKernels } from './device.ts';
import { defaultCacheDir, findEngine, tfjsVersion, type Backend } from './layout.ts';
import { registerWasmKernels } from './wasm-kernels.ts';

export type Tf = typeof import('@tensorflow/tfjs-core');

/** tfjs-core of the started engine. */
export let tf: Tf;

/** Whether the started engine computes on a GPU: TensorFlow's CUDA build goes on without one that it does not find. */
export let usesGpu = false;

export interface Engine {
  readonly backend: Backend;
  /** TensorFlow's own version, or tfjs's on wasm. */
  readonly version: string;
  /** Of the fused operations that graphs may hold; absent where the engine or the processor has none. */
  readonly kernels?: string;
  readonly tf: Tf;
  /** tfjs-node's backend object (`executeSingleOutput`, `binding`, ...), for tracing; undefined on wasm. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tfjs-node does not export this type
  readonly node?: any;
  /** tfjs-node's protobuf classes (GraphDef, SavedModel, ...); undefined on wasm. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- generated protobuf code without types
  readonly protos?: any;
}

export interface StartOptions {
  /** Engine cache. @default defaultCacheDir() */
  readonly cacheDir?: string;
  /** Back end to load. @default CALM_ORCH_BACKEND, else the best one installed */
  readonly backend?: Backend;
  /** TensorFlow's threads for one operation. @default TF_NUM_INTRAOP_THREADS, else all cores */
  readonly threads?: number;
}

let started: { readonly promise: Promise<Engine>; readonly backend: Backend } | undefined;

/**
 * Loads the engine into this process; a second call returns the same engine.
 * @throws CalmError `engine` when none is installed, when it does not load, or when another back end already runs here.
 */
export async function startEngine({
  cacheDir = defaultCacheDir(),
  backend,
  threads,
}: StartOptions = {}): Promise<Engine> {
  const wanted = backend ?? backendFromEnvironment();
  if (started !== undefined) {
    if (wanted !== undefined && wanted !== started.backend)
      throw new CalmError(
        'engine',
        `engine: this process already runs ${started.backend}, ${wanted} needs another process`,
      );
    return started.promise;
  }
  const installed = findEngine(cacheDir, wanted);
  if (installed === undefined)
    throw new CalmError(
      'engine',
      `engine: no ${wanted ?? 'engine'} in ${join(cacheDir, 'engine')}; run \`npx calm-orch doctor\` to install it`,
    );
  const chosen = wanted ?? installed.marker.backend;
  const { package: name, kernels } = installed.marker;
  const promise = loadEngine({ dir: installed.dir, backend: chosen, package: name, kernels, threads });
  started = { promise, backend: chosen };
  return promise;
}

export interface EngineLocation {
  readonly dir: string;
  readonly backend: Backend;
  /** npm package that holds the back end. */
  readonly package: string;
  readonly kernels?: string;
  readonly threads?: number;
}

/** Loads the engine of one folder, finished or not; an installer verifies what it built with it. */
export function loadEngine(location: EngineLocation): Promise<Engine> {
  return location.backend === 'wasm' ? loadWasm(location.dir) : loadTensorflow(location);
}

/** The back end asked for by CALM_ORCH_BACKEND, if any. */
export function backendFromEnvironment(env: NodeJS.ProcessEnv = process.env): Backend | undefined {
  const value = env.CALM_ORCH_BACKEND;
  if (value === undefined || value === '') return undefined;
  if (value === 'tensorflow' || value === 'wasm') return value;
  throw new CalmError('invalid_argument', `CALM_ORCH_BACKEND: expected tensorflow or wasm, got "${value}"`);
}

/** What this file uses of tfjs-node's back end. */
interface NodeBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

async function loadTensorflow({ dir, package: packageName, kernels, threads }: EngineLocation): Promise<Engine> {
  // TensorFlow reads these once, when its library is loaded.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  // Its kernels' bits differ from the others': said aloud, so that no default of a machine decides.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // Memory of a GPU is taken as it is needed; elsewhere nobody reads this.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  if (threads !== undefined) {
    process.env.TF_NUM_INTRAOP_THREADS = String(threads);
    process.env.TF_NUM_INTEROP_THREADS = String(threads);
  }
  restoreUtil();
  const require = createRequire(join(dir, 'package.json'));
  try {
    withoutArguments(() => void require(packageName));
    const core = require('@tensorflow/tfjs-core') as Tf;
    await core.ready();
    const node = core.backend() as unknown as NodeBackend;
    tf = core;
    usesGpu = node.isUsingGpuDevice;
    const protos: unknown = require(`${packageName}/dist/proto/api_pb`);
    return {
      backend: 'tensorflow',
      version: node.binding.TF_Version,
      ...(kernels !== undefined && runsKernels() && { kernels }),
      tf,
      node,
      protos,
    };
  } catch (cause) {
    throw loadFailed(dir, cause);
  }
}

async function loadWasm(dir: string): Promise<Engine> {
  restoreUtil();
  const require = createRequire(join(dir, 'package.json'));
  try {
    const core = require('@tensorflow/tfjs-core') as Tf;
    // Production mode only drops the advertisement for tfjs-node that the CPU back end prints under Node.
    core.env().set('PROD', true);
    // The union package registers the gradients and the methods of tensors; its own back ends stay unused.
    require('@tensorflow/tfjs');
    require('@tensorflow/tfjs-backend-wasm');
    registerWasmKernels(core);
    if (!(await core.setBackend('wasm'))) throw new Error('the wasm back end did not start');
    tf = core;
    return { backend: 'wasm', version: tfjsVersion, tf };
  } catch (cause) {
    throw loadFailed(dir, cause);
  }
}

function loadFailed(dir: string, cause: unknown): CalmError {
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new CalmError(
    'engine',
    `engine in ${dir} does not load: ${reason}; delete that folder and run \`npx calm-orch doctor\``,
    {
      cause,
    },
  );
}

/**
 * tfjs-node finds its addon through node-pre-gyp, which takes the program's arguments for its own: `--dir runs` would
 * be short for its `--directory`, and the addon be looked for there.
 */
function withoutArguments(load: () => void): void {
  const given = process.argv;
  process.argv = given.slice(0, 2);
  try {
    load();
  } finally {
    process.argv = given;
  }
}

/** tfjs-node calls functions of `util` that Node 22 warns of and Node 23 in part removed. */
function restoreUtil(): void {
  const legacy = util as unknown as Record<string, (value: unknown) => boolean>;
  legacy['isNullOrUndefined'] = (value) => value === null || value === undefined;
  legacy['isArray'] = Array.isArray;
}
