// Builds one candidate in a temporary folder, verifies it by a matrix product in a child process, and only then gives it
// its final name; the marker that makes it count comes last. Whatever fails leaves nothing behind.
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeFileAtomic } from '@calm-orch/core';
import {
  engineDir,
  enginesDir,
  markerName,
  tfjsVersion,
  variantInfo,
  type Candidate,
  type EngineMarker,
  type InstalledEngine,
} from '../layout.ts';
import { kernelsVersion } from '../fused-kernels.ts';
import { buildAddon } from './addon.ts';
import { requirePublisher, runOwnDownload } from './own-download.ts';
import { runTool, type Environment, type Tool } from './tool.ts';
import { probeEngine } from './verify.ts';
import { fetchLibtensorflow, installData, wheelRequirements } from './wheel.ts';

/** Temporary folders name the process that fills them. */
export const buildDirPrefix = '.installing-';

/** The programs an install uses; undefined where this machine has none. */
export interface Tools {
  readonly npm: Tool | undefined;
  readonly pip: Tool | undefined;
  readonly compiler: Tool | undefined;
}

export interface Job {
  readonly tools: Tools;
  readonly cacheDir: string;
  readonly env: Environment;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Builds, verifies and puts in place; `notes` go into the marker. Throws an error whose message says what went wrong. */
export async function buildCandidate(
  candidate: Candidate,
  job: Job,
  notes: Pick<EngineMarker, 'missing' | 'facts'>,
): Promise<InstalledEngine> {
  const { cacheDir, env, log, signal } = job;
  const info = variantInfo[candidate.variant];
  const startedAt = performance.now();
  const dir = join(enginesDir(cacheDir), `${buildDirPrefix}${String(process.pid)}-${randomUUID()}`);
  const packageDir = join(dir, 'node_modules', ...info.package.split('/'));
  mkdirSync(dir, { recursive: true });
  try {
    if (candidate.source === 'package') await requirePublisher(env, signal);
    if (candidate.source === 'wheel') await buildFromWheel(candidate, dir, packageDir, job);
    else await fetchPackages(candidate, dir, job);
    if (candidate.source === 'package') {
      log(`engine: running the download of ${info.package} itself`);
      await runOwnDownload({ dir, packageDir, gpu: candidate.variant === 'gpu', env, signal });
    }
    removeSourceMaps(dir);
    const kernels = kernelsVersion(candidate);
    const report = await probeEngine({ dir, ...info, size: 256, measureMs: 0 }, { env, signal });
    const files = essentialFiles(dir, packageDir).map((path) => ({
      path: relative(dir, path),
      bytes: statSync(path).size,
    }));
    const marker: EngineMarker = {
      ...candidate,
      ...info,
      version: report.version,
      packageVersion: tfjsVersion,
      ...(kernels !== undefined && { kernels }),
      ...notes,
      files,
    };
    const final = engineDir(cacheDir, candidate);
    rmSync(final, { recursive: true, force: true });
    renameSync(dir, final);
    writeMarker(final, marker);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    log(`engine: ${info.backend} ${report.version} is verified and ready after ${seconds} s, in ${final}`);
    return { dir: final, marker };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Writes the marker of a folder that is complete, or replaces it. */
export function writeMarker(dir: string, marker: EngineMarker): void {
  writeFileAtomic(join(dir, markerName), `${JSON.stringify(marker, undefined, 2)}\n`);
}

async function buildFromWheel(candidate: Candidate, dir: string, packageDir: string, job: Job): Promise<void> {
  const { tools, env, log, signal } = job;
  const { pip, compiler } = tools;
  const requirements = wheelRequirements(candidate.variant);
  const absent = [pip ? [] : 'pip', compiler ? [] : 'a C++ compiler'].flat();
  if (pip === undefined || compiler === undefined) throw new Error(`${absent.join(' and ')} not found`);
  if (requirements === undefined) throw new Error(`no wheel is known for ${process.platform} on ${process.arch}`);
  // When one download fails the other is of no use; both must have ended before the folder goes.
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const stopOnError = (error: unknown): never => {
    stop.abort(error);
    throw error;
  };
  log(
    `engine: fetching libtensorflow from its Python wheel (${candidate.variant === 'gpu' ? '4 GB with CUDA' : '260 MB'})`,
  );
  const fetching = fetchLibtensorflow({
    pip,
    requirements,
    env,
    signal: both,
    downloads: join(dir, 'downloads'),
    deps: join(dir, 'deps'),
  });
  const results = await Promise.allSettled([
    fetchPackages(candidate, dir, { ...job, signal: both }).catch(stopOnError),
    fetching.catch(stopOnError),
  ]);
  signal?.throwIfAborted();
  if (results.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
  rmSync(join(dir, 'downloads'), { recursive: true });
  rmSync(join(packageDir, 'deps'), { recursive: true, force: true });
  renameSync(join(dir, 'deps'), join(packageDir, 'deps'));
  log('engine: compiling the addon');
  await buildAddon({ compiler, packageDir, withKernels: kernelsVersion(candidate) !== undefined, env, signal });
}

async function fetchPackages({ variant }: Candidate, dir: string, { tools, env, log, signal }: Job): Promise<void> {
  if (tools.npm === undefined) throw new Error('npm not found');
  log(`engine: fetching ${variantInfo[variant].package} ${tfjsVersion}`);
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(installData(variant), name), join(dir, name));
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--loglevel=error',
    '--prefix',
    dir,
  ];
  await runTool(tools.npm, ['ci', ...flags], { env, cwd: dir, signal });
}

/** The wasm back end, the addon and the libraries it loads. */
function essentialFiles(dir: string, packageDir: string): string[] {
  return [
    join(dir, 'node_modules', '@tensorflow', 'tfjs-backend-wasm', 'dist', 'tfjs-backend-wasm-simd.wasm'),
    ...filesBelow(join(packageDir, 'lib'), /\.node$/),
    ...filesBelow(join(packageDir, 'deps', 'lib'), /libtensorflow.*\.(so|dylib)[.\d]*$/),
  ];
}

/** Half of what the npm packages weigh, and never read when they run. */
function removeSourceMaps(dir: string): void {
  for (const path of filesBelow(join(dir, 'node_modules'), /\.map$/)) rmSync(path, { force: true });
}

function filesBelow(dir: string, pattern: RegExp): string[] {
  if (!existsSync(dir)) return [];
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => pattern.test(name)).map((name) => join(dir, name));
}
