// Addresses a coordinator listens on: a Unix socket by default, or a port of this machine on request. Never an
// interface that other machines reach: the token would cross the network unencrypted.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CalmError, sha256 } from '@calm-orch/core';

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
 * be too long. It is the same for every coordinator of the run, so that workers find the next one. What killed processes
 * left there is removed; only the one coordinator of the run may call this.
 */
export function socketAddress(dir: string, runId: string): ListenAddress {
  const name = `run-${sha256(runId).slice(0, 8)}`;
  const own = join(resolve(dir), 'tmp');
  const short = join(tmpdir(), `calm-orch-${sha256(own).slice(0, 16)}`);
  const isShort = Buffer.byteLength(join(own, name)) <= maxSocketPathBytes;
  const folder = isShort ? own : short;
  mkdirSync(folder, { mode: 0o700, recursive: true });
  if (statSync(folder).uid !== process.getuid?.())
    throw new CalmError('io', `${folder} belongs to somebody else; use another run folder with --dir`);
  removeDead(folder);
  rmSync(join(folder, name), { force: true });
  return {
    address: `unix:${join(folder, name)}`,
    remove: () => rmSync(join(folder, name), { force: true }),
  };
}

/** `<pid>-<random>`: tells whose it is once its process has gone. At most 13 bytes. */
export function socketName(): string {
  return `${process.pid}-${randomBytes(2).toString('hex')}`;
}

/** Removes the files of processes that are gone from a folder of files named `...<pid>-...`. */
export function removeDead(folder: string, pattern = /^(\d+)-/): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(pattern.exec(name)?.[1]);
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) rmSync(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Parses `--listen HOST:PORT`. @throws CalmError `invalid_argument` for anything but a port of this machine. */
export function listenAddress(text: string): ListenAddress {
  const match = /^(127\.0\.0\.1|localhost):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65535)
    throw new CalmError(
      'invalid_argument',
      `--listen: expected 127.0.0.1:PORT with PORT from 0 (any free one) to 65535, got "${text}"`,
    );
  return { address: `127.0.0.1:${match[2]}`, remove: () => {} };
}
