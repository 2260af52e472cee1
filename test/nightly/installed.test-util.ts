// calm-orch as somebody gets it who has no clone: packed, installed by npm into an empty folder, run there; with this Node
// or with one that npm has.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { repository } from '../rules/sources.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; without what vitest tells its own children. */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^VITEST|^NODE_ENV$|^TEST$/.test(name));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...Object.fromEntries(inherited), ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => void (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => void (stderr += data.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** @throws what it printed, unless it ended with 0. */
export async function mustRun(...run: Parameters<typeof runProgram>): Promise<string> {
  const { code, stdout, stderr } = await runProgram(...run);
  if (code !== 0) throw new Error(`${run[0].join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

/** The path of a new tarball in `folder`. */
export async function packInto(folder: string): Promise<string> {
  return (await mustRun([process.execPath, 'scripts/pack.js', folder], { cwd: repository })).trim();
}

/** What makes child processes find another Node first, and compile for it; null where npm does not have it here. */
export async function otherNode(version: number, folder: string): Promise<Readonly<Record<string, string>> | null> {
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const install = ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`] as const;
  const { code } = await runProgram(install, { cwd: folder });
  const home = join(folder, 'node_modules', name);
  if (code !== 0 || !existsSync(join(home, 'bin', 'node'))) return null;
  return { PATH: `${join(home, 'bin')}${delimiter}${process.env['PATH']}`, npm_config_nodedir: home };
}

interface StageShown {
  readonly key: string;
  readonly label: string;
  readonly result: { readonly fingerprint?: string; readonly metrics?: Readonly<Record<string, number>> } | null;
}

/** Key and results of every stage of the last run of a run folder, in one order. */
export async function outcomeOf(
  program: readonly [string, ...string[]],
  options: Parameters<typeof runProgram>[1],
): Promise<readonly unknown[]> {
  const shown = JSON.parse(await mustRun([...program, 'show', '--json'], options)) as { stages: readonly StageShown[] };
  return shown.stages
    .map(({ key, label, result }) => ({ label, key, fingerprint: result?.fingerprint, metrics: result?.metrics }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
