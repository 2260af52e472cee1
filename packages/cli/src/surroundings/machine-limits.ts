// What a run can run out of: free disk, shared memory, open files. Measured for `doctor`, each with what is enough and
// what to do where it is not.
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

export interface MachineLimit {
  readonly what: 'run folder' | 'temporary folder' | 'shared memory' | 'open files';
  /** Where it was measured; null: it has no place. */
  readonly path: string | null;
  /** Bytes that are free, or a number of files; null: unlimited, or not to be known here. */
  readonly value: number | null;
  readonly enough: number;
  /** What happens with less, and what to do about it. */
  readonly danger: string;
  readonly remedy: string;
}

const GiB = 2 ** 30;

export interface Places {
  /** Run folder, which may not be there yet. */
  readonly dir: string;
  readonly temporary: string;
  readonly shared: string;
  /** Limits of this process, as Linux tells them. */
  readonly limits: string;
}

export function machineLimits({
  dir,
  temporary = tmpdir(),
  shared = '/dev/shm',
  limits = '/proc/self/limits',
}: Partial<Places> & Pick<Places, 'dir'>): readonly MachineLimit[] {
  return [
    {
      what: 'run folder',
      path: dir,
      value: freeBytes(dir),
      enough: 2 * GiB,
      danger: 'a table leaves 1 GiB and more, and a full disk ends its run',
      remedy: 'free some space (`calm-orch gc`), or name a folder on another disk with --dir or CALM_ORCH_DIR',
    },
    {
      what: 'temporary folder',
      path: temporary,
      value: freeBytes(temporary),
      enough: GiB,
      danger: 'installing the engine and reading run folders that are read-only need it',
      remedy: 'free some space there, or name a folder on another disk with TMPDIR',
    },
    {
      what: 'shared memory',
      path: shared,
      value: freeBytes(shared, false),
      enough: GiB / 4,
      danger: 'trainers that share a stage exchange tensors more slowly without it',
      remedy: 'enlarge it (`mount -o remount,size=1G /dev/shm`; in a container: `--shm-size=1g`), or run one trainer',
    },
    {
      what: 'open files',
      path: null,
      value: openFiles(limits),
      enough: 1024,
      danger: 'sockets, logs and artifacts are open at once',
      remedy: 'raise the limit of open files (`ulimit -n 4096`; for good: /etc/security/limits.conf)',
    },
  ];
}

export const isEnough = ({ value, enough }: MachineLimit): boolean => value === null || value >= enough;

/** `61.2 GiB free`, or a number of files. */
export function limitText({ what, path, value }: MachineLimit): string {
  if (what === 'open files') return `${value ?? 'unlimited'} files at once`;
  const free = value === null ? 'unknown' : `${(value / GiB).toFixed(value < GiB ? 2 : 0)} GiB free`;
  return `${free} for the ${what} ${path ?? ''}`.trimEnd();
}

/** Free for this user at a folder, or at the nearest one above it that is there; 0 where there is none. */
function freeBytes(folder: string, orAbove = true): number | null {
  let place = folder;
  while (orAbove && !existsSync(place) && place !== dirname(place)) place = dirname(place);
  try {
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize;
  } catch {
    return existsSync(place) ? null : 0;
  }
}

/** The hard limit: Node raises the soft one to it when it starts. null where it is unlimited or not told. */
function openFiles(limits: string): number | null {
  try {
    const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync(limits, 'utf8')) ?? [];
    return hard === undefined || hard === 'unlimited' ? null : Number(hard);
  } catch {
    return null;
  }
}
