// Which process a number stands for: numbers are given again, so a process is known by its number and when it started,
// in the place where that number means something.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Tells one process of a number from another that has the number later; null: no process has it now. A zombie (killed,
 * not yet reaped by its parent) answers signals but does nothing any more: it counts as gone.
 */
export function processStart(pid: number): string | null {
  return existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid);
}

/**
 * Boot and PID namespace of this process: whoever has both in common with it, and the host, can look at it by its number.
 * Where the system tells neither (macOS) all processes of a host are in one place.
 */
export function processPlace(): string {
  try {
    // The /proc of another namespace: numbers mean nothing to us there, nor ours to others.
    if (readlinkSync('/proc/self') !== String(process.pid)) return randomUUID();
    return `${bootIdentity()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return bootIdentity();
  }
}

/** Boot and clock ticks since then (field 22 of stat; the name of the program, field 2, may hold anything). */
function startFromProc(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\)\s/s, '')
      .split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' ? null : `${bootIdentity()}/${ticks}`;
  } catch {
    return null;
  }
}

function bootIdentity(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return '';
  }
}

function startFromPs(pid: number): string | null {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? null : started.join(' ');
  } catch {
    return null;
  }
}
