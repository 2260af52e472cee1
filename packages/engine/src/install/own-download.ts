// The way tfjs-node installs itself: its script fetches an older libtensorflow and a ready addon from its publisher's
// server. Needs neither pip nor a compiler, but many networks reach package registries only.
import { delimiter, dirname, join } from 'node:path';
import { runTool, type Environment } from './tool.ts';

/** Where tfjs-node's scripts/install.js looks unless told otherwise. */
const publisher = 'https://storage.googleapis.com/';

/**
 * Throws when the publisher's server cannot be reached: its script would wait for minutes, after 127 packages were
 * fetched for nothing. Behind a proxy only the script itself can tell.
 */
export async function requirePublisher(env: Environment, signal?: AbortSignal): Promise<void> {
  if (env.HTTPS_PROXY !== undefined || env.https_proxy !== undefined) return;
  const url = env.TFJS_NODE_BASE_URI ?? env.TFJS_NODE_CDN_STORAGE ?? env.CDN_STORAGE ?? publisher;
  const timeout = AbortSignal.timeout(10_000);
  try {
    await fetch(url, { method: 'HEAD', signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
    throw new Error(`${new URL(url).host} cannot be reached (${cause.message})`, { cause: error });
  }
}

export interface OwnDownloadOptions {
  /** Folder of all packages, and the one of tfjs-node or tfjs-node-gpu in it. */
  readonly dir: string;
  readonly packageDir: string;
  readonly gpu: boolean;
  readonly env: Environment;
  readonly signal?: AbortSignal;
}

/** Runs tfjs-node's install script, which fills its `deps` and `lib`. */
export async function runOwnDownload({ dir, packageDir, gpu, env, signal }: OwnDownloadOptions): Promise<void> {
  const args = [join('scripts', 'install.js'), ...(gpu ? ['gpu', 'download'] : [])];
  const path = [join(dir, 'node_modules', '.bin'), dirname(process.execPath), env.PATH ?? ''].join(delimiter);
  await runTool([process.execPath], args, {
    cwd: packageDir,
    env: { ...env, PATH: path },
    signal,
    timeoutMs: gpu ? 900_000 : 300_000,
  });
}
