// One install at a time in a cache folder. The lock is a file naming its holder, who touches it while at work; it is
// broken when that process is gone, or (another machine on a shared disk) when nobody has touched it for a while.
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';

const touchEveryMs = 5_000;
const staleAfterMs = 60_000;
const pollMs = 200;

interface Holder {
  readonly pid: number;
  readonly host: string;
}

export interface LockOptions {
  /** Called once when another process is at it. */
  readonly onWait?: (pid: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs `work` while holding the lock file at `path`, waiting for whoever holds it now. */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, signal }: LockOptions = {},
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path)) {
    const holder = holderOf(path);
    if (isStale(path, holder)) {
      breakLock(path, holder);
      continue;
    }
    if (!told && holder !== undefined) onWait?.(holder.pid);
    told = true;
    await delay(pollMs, undefined, { signal });
  }
  const timer = setInterval(() => {
    touch(path);
  }, touchEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    const descriptor = openSync(path, 'wx');
    writeSync(descriptor, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder));
    closeSync(descriptor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined while the file is gone or not yet written. */
function holderOf(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function isStale(path: string, holder: Holder | undefined): boolean {
  if (holder?.host === hostname() && !isAlive(holder.pid)) return true;
  try {
    return Date.now() - statSync(path).mtimeMs > staleAfterMs;
  } catch {
    return false;
  }
}

/** Whether a process with this number runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Moves the file away before looking at it again: whoever took the lock in between gets it back. */
function breakLock(path: string, stale: Holder | undefined): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (holderOf(aside)?.pid !== stale?.pid) linkSync(aside, path);
  } catch {
    // Another process broke or took it first: the next attempt to take it tells.
  }
  rmSync(aside, { force: true });
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The lock file was removed under us; the rename at the end of an install still decides who wins.
  }
}
