// Puts the best engine this machine can have into the cache: a candidate that cannot be had is noted and the next one
// is tried; the last, WebAssembly, needs npm alone. One process at a time installs into a cache.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { hasNvidiaDriver } from '../device.ts';
import {
  candidates,
  defaultCacheDir,
  engineDir,
  enginesDir,
  findEngine,
  readMarker,
  variantInfo,
  type Backend,
  type Candidate,
  type InstalledEngine,
  type MachineFacts,
  type Missing,
} from '../layout.ts';
import { backendFromEnvironment } from '../load.ts';
import { buildCandidate, buildDirPrefix, writeMarker, type Job, type Tools } from './build.ts';
import { isAlive, withLock } from './lock.ts';
import { describeFallback, missingCandidate } from './messages.ts';
import { findCompiler, findNpm, findPip, withoutNpmSettings, type Environment } from './tool.ts';
import { wheelRequirements } from './wheel.ts';

export interface InstallOptions {
  /** Engine cache; the only folder written. @default defaultCacheDir(env) */
  readonly cacheDir?: string;
  /** Decides which tools are found and how registries are reached. @default process.env */
  readonly env?: Environment;
  /** Progress, one plain line at a time. @default none */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Back end that must be there in the end. @default CALM_ORCH_BACKEND, else the best */
  readonly backend?: Backend;
  /** Try again what failed before, where the tools for it are there. @default false */
  readonly retry?: boolean;
}

/**
 * Returns the engine in the cache, installing it where there is none, where an install was cut short, or where the
 * machine has gained what a better one needs (a driver, pip, a compiler). Takes milliseconds when nothing is to be done.
 * @throws CalmError `engine` when not even WebAssembly could be had.
 */
export async function ensureEngine(options: InstallOptions = {}): Promise<InstalledEngine> {
  const { env = process.env, retry = false } = options;
  const { cacheDir = defaultCacheDir(env), backend = backendFromEnvironment(env) } = options;
  const found = findEngine(cacheDir, backend);
  if (found === undefined) return installEngine(options);
  const [best] = wantedCandidates(env, backend);
  if (backend === 'wasm' || best === undefined || found.dir === engineDir(cacheDir, best)) return found;
  const now = factsOf(env, await findTools(env));
  const before = found.marker.facts;
  const changed = now.nvidia !== before.nvidia || now.pip !== before.pip || now.compiler !== before.compiler;
  return changed || (retry && now.pip && now.compiler) ? installEngine(options) : found;
}

/**
 * Tries the candidates of this machine, best first, until one is in place.
 * @throws CalmError `engine` when none could be had; `signal`'s reason when aborted.
 */
export async function installEngine(options: InstallOptions = {}): Promise<InstalledEngine> {
  const { env = process.env, log = () => undefined, signal } = options;
  const { cacheDir = defaultCacheDir(env), backend = backendFromEnvironment(env) } = options;
  const root = enginesDir(cacheDir);
  const install = async (): Promise<InstalledEngine> => {
    removeLeftovers(root);
    const tools = await findTools(env);
    const job: Job = { tools, cacheDir, env: withoutNpmSettings(env), log, signal };
    const installed = await firstThatWorks(wantedCandidates(env, backend), factsOf(env, tools), job);
    const note = describeFallback(installed.marker);
    if (note !== undefined) log(note);
    return installed;
  };
  return withLock(join(root, 'install.lock'), install, {
    signal,
    onWait: (pid) => {
      log(`engine: process ${String(pid)} is installing it; waiting`);
    },
  });
}

async function firstThatWorks(wanted: readonly Candidate[], facts: MachineFacts, job: Job): Promise<InstalledEngine> {
  const missing: Missing[] = [];
  for (const candidate of wanted) {
    const dir = engineDir(job.cacheDir, candidate);
    const existing = readMarker(dir);
    if (existing !== undefined) {
      const marker = { ...existing, missing, facts };
      writeMarker(dir, marker);
      return { dir, marker };
    }
    try {
      return await buildCandidate(candidate, job, { missing, facts });
    } catch (error) {
      job.signal?.throwIfAborted();
      const entry = missingCandidate(candidate, error, facts);
      missing.push(entry);
      job.log(`engine: cannot have ${entry.what}: ${entry.why}`);
    }
  }
  const last = missing.at(-1);
  throw new CalmError(
    'engine',
    `engine: ${last?.what ?? 'none'} could not be installed: ${last?.why ?? 'nothing fits'}; ${last?.remedy ?? ''}`,
    {
      data: { missing },
    },
  );
}

/** What fits this machine, best first. */
function wantedCandidates(env: Environment, backend: Backend | undefined): readonly Candidate[] {
  return candidates.filter(
    ({ variant, source }) =>
      (backend === undefined || variantInfo[variant].backend === backend) &&
      (variant !== 'gpu' || hasNvidiaDriver(env)) &&
      (source !== 'wheel' || wheelRequirements(variant) !== undefined),
  );
}

async function findTools(env: Environment): Promise<Tools> {
  return { npm: findNpm(env), pip: await findPip(env), compiler: findCompiler(env) };
}

function factsOf(env: Environment, { pip, compiler }: Tools): MachineFacts {
  return { nvidia: hasNvidiaDriver(env), pip: pip !== undefined, compiler: compiler !== undefined };
}

/** What killed installers left behind; the folder of a living process is left alone. */
function removeLeftovers(root: string): void {
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    if (!name.startsWith(buildDirPrefix)) continue;
    const pid = Number.parseInt(name.slice(buildDirPrefix.length), 10);
    if (!isAlive(pid)) rmSync(join(root, name), { recursive: true, force: true });
  }
}
