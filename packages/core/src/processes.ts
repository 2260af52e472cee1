// Which process a number stands for: numbers are given again, so a process is known by its number and when it started.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Tells one process of a number from another that has the number later; null: no process has it now. A zombie (killed,
 * not yet reaped by its parent) answers signals but does nothing any more: it counts as gone.
 */
export function processStart(pid: number): string | null {
  return existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid);
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
