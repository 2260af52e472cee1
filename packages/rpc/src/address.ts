// Addresses a coordinator listens on: a Unix socket by default, or a port of this machine on request. On an interface that
// other machines reach it speaks TLS alone (tls/): the run's token must not cross a network.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CalmError, makeFolder, makeTemporaryFolder, processPlace, sha256, temporaryFolder } from '@calm-orch/core';

/** `sun_path` is 104 bytes on macOS and 108 on Linux, with a closing zero. */
const maxSocketPathBytes = 100;

export interface ListenAddress {
  /** As gRPC writes it: `unix:/path` or `127.0.0.1:0`. */
  readonly address: string;
  /** Removes what was made on disk for it. */
  remove(): void;
}

/**
 * The socket of a run's coordinator: in `<dir>/tmp`, or in a folder of the system's temporary folder where that path would
 * be too long. It is the same for every coordinator of the run, so that workers find the next one; `before`: where the one
 * before listened. What killed processes left there is removed; only the one coordinator of the run may call this.
 * A folder that is a link, or that others own or may have written to, is not used: what is removed there would be theirs.
 */
export function socketAddress(dir: string, runId: string, before?: string): ListenAddress {
  const name = `run-${sha256(runId).slice(0, 8)}`;
  const own = join(resolve(dir), 'tmp');
  const known = dirname(before?.slice('unix:'.length) ?? '');
  const candidates = [...(isOfOneRun(known) ? [known] : []), own];
  const isUsable = (each: string): boolean =>
    fits(join(each, longestName)) && isPrivate(each, each === own ? writableByOthers : openToOthers);
  // Only now: most runs need no other folder, and none has to be there.
  const short = (): string => join(temporaryFolder(), `calm-orch-${sha256(own).slice(0, 16)}`);
  const folder = candidates.find(isUsable) ?? [short()].find(isUsable) ?? makeTemporaryFolder(nameOfOneRun);
  // That of a copied run folder can be read by all.
  chmodSync(folder, 0o700);
  const socket = join(folder, name);
  removeDead(folder);
  rmSync(socket, { force: true });
  return {
    address: `unix:${socket}`,
    remove: () => {
      if (isOfOneRun(folder)) return rmSync(folder, { force: true, recursive: true });
      rmSync(socket, { force: true });
      // Computing processes are killed and leave theirs.
      if (existsSync(folder)) removeDead(folder);
    },
  };
}

const writableByOthers = 0o022;
const openToOthers = 0o077;

/** Of the run's socket and those of its trainers, the longest name there can be. */
const longestName = 'abcd-1234567-abcd';
const fits = (path: string): boolean => Buffer.byteLength(path) <= maxSocketPathBytes;

/** Makes the folder where there is none; whether it is a real one of ours whose mode has none of the forbidden bits. */
function isPrivate(folder: string, forbidden: number): boolean {
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & forbidden) === 0;
}

/** Of folders that are one run's alone, with six signs that nobody can have foreseen. */
const nameOfOneRun = 'calm-orch-run-';
const prefixOfOneRun = (): string => join(tmpdir(), nameOfOneRun);
const isOfOneRun = (folder: string): boolean =>
  folder.startsWith(prefixOfOneRun()) && !folder.slice(prefixOfOneRun().length).includes('/');

/** `<place>-<pid>-<random>`: tells whose a file is, once its process has gone, to those in whose place the number means it. */
export function ownedName(numRandomBytes = 2): string {
  return `${placeTag()}-${process.pid}-${randomBytes(numRandomBytes).toString('hex')}`;
}

/** Four signs of it. */
const placeTag = (): string => sha256(processPlace()).slice(0, 4);

/** Whether a name of `ownedName` is that of a process of our place which is gone. */
export function isOwnerDead(name: string): boolean {
  const [, place, pid] = /^([0-9a-f]{4})-(\d+)-/.exec(name) ?? [];
  return place === placeTag() && Number(pid) !== process.pid && !isAlive(Number(pid));
}

/** Removes files of our place whose processes are gone: those of `ownedName`, after a prefix. */
export function removeDead(folder: string, prefix = ''): void {
  for (const name of readdirSync(folder))
    if (name.startsWith(prefix) && isOwnerDead(name.slice(prefix.length))) rmSync(join(folder, name), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A port of this machine, for which no TLS is needed. @throws CalmError `invalid_argument` for any other address */
export function listenAddress(text: string): ListenAddress {
  const parsed = parseListen(text);
  if (parsed.isForHosts) throw new CalmError('internal', `${text} is not an address of this machine alone`);
  return { address: `127.0.0.1:${parsed.port}`, remove: () => {} };
}

export interface Listen {
  /** As gRPC writes it. */
  readonly address: string;
  readonly port: number;
  /** Other machines reach it. */
  readonly isForHosts: boolean;
}

/** Parses `--listen HOST:PORT`. @throws CalmError `invalid_argument` */
export function parseListen(text: string): Listen {
  const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text);
  const [, host = '', port] = match ?? [];
  if (match === null || Number(port) > 65535)
    throw new CalmError(
      'invalid_argument',
      `--listen: expected 127.0.0.1:PORT, or HOST:PORT with the address by which other hosts reach this one, PORT from 0 (any free one) to 65535, got "${text}"`,
    );
  if (['0.0.0.0', '[::]'].includes(host))
    throw new CalmError(
      'invalid_argument',
      `--listen: ${host} is every address of this machine; name the one by which the other hosts reach it`,
    );
  const isForHosts = !['127.0.0.1', 'localhost'].includes(host);
  return { address: `${isForHosts ? host : '127.0.0.1'}:${port}`, port: Number(port), isForHosts };
}
