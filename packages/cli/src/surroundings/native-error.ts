// Packages with compiled code fail in ways of their own where npm could not or might not install that code, or where
// another Node did. Each is said in one sentence with the command that mends it; none is a defect of ours.
import { existsSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { programRoot } from '@calm-orch/core/program-root';

export interface NativeProblem {
  /** The npm package. */
  readonly module: string;
  /** Ends a sentence that begins with the package: `better-sqlite3 ${why}`. */
  readonly why: string;
  readonly remedy: string;
}

type Problem = Omit<NativeProblem, 'remedy'>;

/** What is wrong with the installed packages, if that is why `thrown` was thrown or what it wraps; null for all else. */
export function nativeProblem(thrown: unknown, root = programRoot): NativeProblem | null {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const found = recognise(error);
    if (found !== null) return { ...found, remedy: remedyFor(found.module, root) };
  }
  return null;
}

export const nativeSentence = ({ module, why, remedy }: NativeProblem): string => `${module} ${why}: ${remedy}`;

const missing = (): string =>
  `has no binary for this machine (${process.platform} ${process.arch}, Node ${process.versions.node})`;

function recognise({ message, ...rest }: Error): Problem | null {
  const { code } = rest as { code?: unknown };
  if (message.startsWith('Could not locate the bindings file')) return { module: ownerOf(message), why: missing() };
  if (message.startsWith('Could not load the "sharp" module')) return { module: 'sharp', why: whyOfSharp(message) };
  if (/needed by esbuild|installed esbuild for another platform|Host version .* does not match binary/s.test(message))
    return { module: 'esbuild', why: missing() };
  if (code === 'ERR_DLOPEN_FAILED') return { module: ownerOf(message), why: whyOfLoading(message) };
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return null;
  const name = /^Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1] ?? '';
  if (name.endsWith('.node')) return { module: ownerOf(name), why: missing() };
  // A file of ours or of the user's that is not there is something else.
  return name === '' || /^[./]|^\w+:/.test(name) ? null : { module: packageOf(name), why: 'is not installed' };
}

const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

/** sharp's first lines say what the loader said, where there was something to load. */
function whyOfSharp(message: string): string {
  const reason = message.split('\n')[1] ?? '';
  return reason === '' || reason.startsWith('Possible solutions') ? missing() : `cannot be loaded (${reason})`;
}

function whyOfLoading(message: string): string {
  const [, theirs, own] = /NODE_MODULE_VERSION (\d+)\b.*NODE_MODULE_VERSION (\d+)/s.exec(message) ?? [];
  return theirs === undefined
    ? `cannot be loaded (${message.split('\n')[0]})`
    : `was compiled for another Node (module version ${theirs}; Node ${process.versions.node} takes ${own})`;
}

/** The package whose file is named. */
function ownerOf(message: string): string {
  const found = [...message.matchAll(/node_modules[\\/]((?:@[^\\/\s]+[\\/])?[^\\/\s'"]+)/g)].at(-1)?.[1];
  return found === undefined ? 'a compiled package' : found.replace('\\', '/').replace(/-13$/, '');
}

/** npm skips what its settings forbid, so the commands say otherwise. */
function remedyFor(module: string, root: string): string {
  const folder = installFolder(root);
  if (folder === null) return 'install calm-orch again, with the scripts and optional packages of npm';
  // From Node 22 on another version is used, which comes compiled (tracker/src/database/sqlite.ts) and may not be installed yet.
  const isCompiledHere = module === 'better-sqlite3' && Number(process.versions.node.split('.')[0]) < 22;
  const command = isCompiledHere
    ? 'npm rebuild better-sqlite3 --ignore-scripts=false'
    : 'npm install --include=optional --ignore-scripts=false';
  return `run \`${command}\` in ${folder}`;
}

/** Where npm is run for this program: the clone, or the folder it was installed into; null for a global install. */
export function installFolder(root: string): string | null {
  const at = root.indexOf(`${sep}node_modules${sep}`);
  const folder = at < 0 ? resolve(root) : root.slice(0, at);
  return existsSync(join(folder, 'package.json')) ? folder : null;
}
