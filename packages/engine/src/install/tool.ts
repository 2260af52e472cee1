// Finds and runs the programs an install needs (npm, pip, a C++ compiler). Which are there is decided by PATH alone,
// so a caller that hands over another environment sees another machine.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A program with the arguments that always come first, such as `python3 -m pip`. */
export type Tool = readonly [file: string, ...firstArguments: string[]];

export interface RunOptions {
  readonly env: Environment;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** The program is ended after this long. @default 600_000 */
  readonly timeoutMs?: number;
}

/** Kept of a program's output, from its end: enough for the reason of a failure. */
const outputLimit = 64 * 1024;

/**
 * Runs a program to its end and returns its standard output.
 * @throws Error whose message is the program's own last words when it fails; the signal's reason when it was aborted.
 */
export function runTool(
  tool: Tool,
  args: readonly string[],
  { env, cwd, signal, timeoutMs = 600_000 }: RunOptions,
): Promise<string> {
  const [file, ...firstArguments] = tool;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const child = spawn(file, [...firstArguments, ...args], {
      cwd,
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-outputLimit)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-outputLimit)));
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(signal?.aborted === true ? (signal.reason as Error) : error);
    });
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      if (code === 0) resolve(stdout);
      else if (timedOut) reject(new Error(`${basename(file)} did not finish within ${String(timeoutMs / 1000)} s`));
      else
        reject(
          new Error(
            reasonOf(`${stdout}\n${stderr}`) ??
              `${basename(file)} ended with ${killedBy ?? `exit code ${String(code)}`}`,
          ),
        );
    });
  });
}

/** The line that tells most: one that begins with an error, one that speaks of one, or the last. */
function reasonOf(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const first = (pattern: RegExp): string | undefined => lines.find((line) => pattern.test(line));
  return (first(/^(npm )?\w*error\b/i) ?? first(/error: /i) ?? lines.at(-1))?.slice(0, 300);
}

/** Full path of a program on PATH, if it is there. */
export function findOnPath(name: string, env: Environment): string | undefined {
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    if (dir === '') continue;
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** A pip that runs: a Python's own before a loose command, since that may belong to a Python that is gone. */
export async function findPip(env: Environment): Promise<Tool | undefined> {
  for (const name of ['python3', 'python', 'pip3', 'pip']) {
    const path = findOnPath(name, env);
    if (path === undefined) continue;
    const tool: Tool = name.startsWith('python') ? [path, '-m', 'pip'] : [path];
    try {
      await runTool(tool, ['--version'], { env, timeoutMs: 30_000 });
      return tool;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** `$CXX`, g++, c++ or clang++. */
export function findCompiler(env: Environment): Tool | undefined {
  const named = env.CXX?.trim().split(/\s+/) ?? [];
  const names = named[0] === undefined || named[0] === '' ? ['g++', 'c++', 'clang++'] : [named[0]];
  for (const name of names) {
    const path = name.includes('/') ? name : findOnPath(name, env);
    if (path !== undefined && existsSync(path)) return [path, ...named.slice(1)];
  }
  return undefined;
}

/** The npm that runs us, the one that came with this Node, or the one on PATH; started by this very Node. */
export function findNpm(env: Environment): Tool | undefined {
  const candidates = [
    env.npm_execpath,
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  for (const path of candidates)
    if (path !== undefined && basename(path) === 'npm-cli.js' && existsSync(path)) return [process.execPath, path];
  const onPath = findOnPath('npm', env);
  return onPath === undefined ? undefined : [onPath];
}

/** What npm tells its scripts about the install it is doing would steer ours; how to reach a registry stays. */
export function withoutNpmSettings(env: Environment): Environment {
  const keep =
    /^npm_config_(registry|cache|userconfig|globalconfig|proxy|https_proxy|http_proxy|noproxy|cafile|ca|cert|key|strict_ssl|fetch_.*|.*:.*)$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name) || keep.test(name)));
}
