// Where the engine lies and how a finished one is recognised. An engine folder counts only when its marker file says
// so and the files it names are there in full: the marker is written last, into a folder that was complete and
// verified before it got its final name.
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CalmError, userPath } from '@calm-orch/core';
import { addonsVersion, kernelsVersion } from './fused-kernels.ts';

/** Versions pinned here and in ../install; a change gives a new engine folder, the old one is left unused. */
export const tfjsVersion = '4.22.0';
export const tensorflowVersion = '2.20.0';

export const markerName = 'calm-orch-engine.json';

/** TensorFlow with CUDA, TensorFlow on the CPU, or WebAssembly; best first. */
export type Variant = 'gpu' | 'cpu' | 'wasm';
export type Backend = 'tensorflow' | 'wasm';

/** Where libtensorflow comes from: the Python wheel, tfjs-node's own download, or nowhere (wasm). */
export type Source = 'wheel' | 'package' | 'none';

/** One thing that could be installed; the order is the order of preference. */
export interface Candidate {
  readonly variant: Variant;
  readonly source: Source;
}

export const candidates: readonly Candidate[] = [
  { variant: 'gpu', source: 'wheel' },
  { variant: 'gpu', source: 'package' },
  { variant: 'cpu', source: 'wheel' },
  { variant: 'cpu', source: 'package' },
  { variant: 'wasm', source: 'none' },
];

/** Something this machine lacks, why that matters, and how to mend it. */
export interface Missing {
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}

/** What decided which candidates were tried: when it changes, a better engine may be possible. */
export interface MachineFacts {
  readonly nvidia: boolean;
  readonly pip: boolean;
  readonly compiler: boolean;
}

export interface EngineMarker extends Candidate {
  readonly backend: Backend;
  /** TensorFlow's version, or tfjs's where the back end is wasm. */
  readonly version: string;
  /** npm package the back end is loaded from, and its version. */
  readonly package: string;
  readonly packageVersion: string;
  /** Of the fused operations; absent where it has none. */
  readonly kernels?: string;
  /** Better candidates that could not be had. */
  readonly missing: readonly Missing[];
  readonly facts: MachineFacts;
  /** Files without which the engine does not start, relative to the folder. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** Back end and npm package of each variant. */
export const variantInfo: Readonly<Record<Variant, { readonly backend: Backend; readonly package: string }>> = {
  gpu: { backend: 'tensorflow', package: '@tensorflow/tfjs-node-gpu' },
  cpu: { backend: 'tensorflow', package: '@tensorflow/tfjs-node' },
  wasm: { backend: 'wasm', package: '@tensorflow/tfjs-backend-wasm' },
};

/** `$XDG_CACHE_HOME/calm-orch`, by default `~/.cache/calm-orch`; nothing of the engine lies elsewhere. */
export function defaultCacheDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(env.XDG_CACHE_HOME ? userPath(env.XDG_CACHE_HOME) : join(homeOf(env), '.cache'), 'calm-orch');
}

function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  try {
    const home = env.HOME || userInfo().homedir;
    if (isAbsolute(home)) return home;
  } catch {
    // A user the system does not know, as in some containers.
  }
  throw new CalmError('engine', 'there is no home folder to keep the engine in: set HOME or XDG_CACHE_HOME');
}

/** The folder of all engines in a cache. */
export function enginesDir(cacheDir: string): string {
  return join(cacheDir, 'engine');
}

/** Final folder of one candidate on this kind of machine. */
export function engineDir(cacheDir: string, candidate: Candidate): string {
  const { variant, source } = candidate;
  const own = [kernelsVersion(candidate) ?? [], addonsVersion(candidate) ?? []].flat();
  const versions = [tfjsVersion, source === 'wheel' ? tensorflowVersion : [], own].flat().join('-');
  return join(enginesDir(cacheDir), `${variant}-${versions}-${process.platform}-${process.arch}`);
}

/** Reads the marker of an engine folder; undefined where the folder is missing, unfinished or no longer whole. */
export function readMarker(dir: string): EngineMarker | undefined {
  try {
    const marker = JSON.parse(readFileSync(join(dir, markerName), 'utf8')) as EngineMarker;
    const whole = marker.files.every(({ path, bytes }) => statSync(join(dir, path)).size === bytes);
    return whole ? marker : undefined;
  } catch {
    return undefined;
  }
}

export interface InstalledEngine {
  readonly dir: string;
  readonly marker: EngineMarker;
}

/**
 * The best finished engine in the cache. Every folder also holds the wasm packages, so `backend: 'wasm'` is served by
 * whichever is there.
 */
export function findEngine(cacheDir: string, backend?: Backend): InstalledEngine | undefined {
  for (const candidate of candidates) {
    const dir = engineDir(cacheDir, candidate);
    const marker = readMarker(dir);
    if (marker !== undefined && (backend !== 'tensorflow' || marker.backend === 'tensorflow')) return { dir, marker };
  }
  return undefined;
}
