// libtensorflow from the Python wheel of TensorFlow: any pip can fetch it, whatever its Python's version, and only the
// two libraries, the C headers and (with CUDA) NVIDIA's libraries are unpacked. pip checks the committed sha256.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Variant } from '../layout.ts';
import { runTool, type Environment, type Tool } from './tool.ts';
import { unpack } from './unpack.ts';

/** Committed install data of a variant: package.json, lock and pip requirements. */
export function installData(variant: Variant): string {
  return fileURLToPath(new URL(`../../install/${variant}/`, import.meta.url));
}

/** The pip requirements of a variant on this kind of machine; undefined where no wheel is known. */
export function wheelRequirements(variant: Variant): string | undefined {
  const path = join(installData(variant), `requirements-${process.platform}-${process.arch}.txt`);
  return existsSync(path) ? path : undefined;
}

/** The headers that tfjs-node's two sources and ours include, found with `g++ -M`: 17 of the wheel's 11,885. */
const neededHeaders = new RegExp(
  '^tensorflow/include/(tensorflow/c/|tensorflow/core/platform/ctstring|tsl/platform/(ctstring|platform)|xla/tsl/c/|' +
    'tensorflow/core/common_runtime/next_pluggable_device/c/)',
);
const libraries = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/;

/**
 * Where a member goes below `deps`. The libraries look for NVIDIA's in `$ORIGIN/../nvidia`, which is where these lie
 * when `nvidia/` stands beside `lib/`.
 */
export function place(member: string): string | undefined {
  const library = libraries.exec(member)?.[1];
  if (library !== undefined) return join('lib', library);
  if (neededHeaders.test(member)) return join('include', member.slice('tensorflow/include/'.length));
  return /^nvidia\/.*\/(lib|bin|nvvm)\//.test(member) ? member : undefined;
}

export interface FetchOptions {
  readonly pip: Tool;
  readonly requirements: string;
  /** Folder for the wheels while they are needed. */
  readonly downloads: string;
  /** tfjs-node's `deps` folder: gets `lib`, `include` and, with CUDA, `nvidia`. */
  readonly deps: string;
  readonly env: Environment;
  readonly signal?: AbortSignal;
}

/** Downloads and unpacks; the wheels are gone afterwards. */
export async function fetchLibtensorflow({
  pip,
  requirements,
  downloads,
  deps,
  env,
  signal,
}: FetchOptions): Promise<void> {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const platforms = ['manylinux2014', 'manylinux_2_17', 'manylinux_2_27', 'manylinux_2_28'].flatMap((name) => [
    '--platform',
    `${name}_${machine}`,
  ]);
  mkdirSync(downloads, { recursive: true });
  await runTool(
    pip,
    [
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--python-version',
      '3.11',
      ...platforms,
      // The unpacked library stays, so a copy in pip's cache would only take its room twice.
      '--no-cache-dir',
      '--disable-pip-version-check',
      '--progress-bar',
      'off',
      '--dest',
      downloads,
      '--requirement',
      requirements,
    ],
    { env, signal, timeoutMs: 3_600_000 },
  );
  for (const wheel of readdirSync(downloads)) {
    await unpack(join(downloads, wheel), { target: deps, place, signal });
    rmSync(join(downloads, wheel));
  }
  const lib = join(deps, 'lib');
  for (const library of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'])
    if (!existsSync(join(lib, library))) throw new Error(`the wheel holds no ${library}`);
  // The names the linker looks for.
  symlinkSync('libtensorflow_cc.so.2', join(lib, 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(lib, 'libtensorflow_framework.so'));
}
