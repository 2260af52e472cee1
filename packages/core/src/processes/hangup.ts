// Whether a hangup (SIGHUP) is meant for this process. Node sets signals that were ignored when it was started (`nohup`)
// back to their default before any script runs, so that the disposition itself tells nothing; what else it leaves does.
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

let known: boolean | undefined;

/**
 * True where no standard stream is a terminal (`nohup` sees to that, as do `run --detach` and services): there is none
 * that could hang up. Also where a parent of the same session ignores hangups (`trap '' HUP`; Linux only). Decided once:
 * a terminal that has gone is none any more.
 */
export function ignoresHangup(): boolean {
  return (known ??= ![0, 1, 2].some((fd) => isatty(fd)) || aParentIgnoresHangup());
}

function aParentIgnoresHangup(): boolean {
  try {
    const own = statOf(process.pid);
    let { parent } = own;
    while (parent > 1) {
      const above = statOf(parent);
      if (above.session !== own.session) return false;
      if (ignoredSignals(parent) & 1n) return true;
      ({ parent } = above);
    }
  } catch {
    // No /proc, or the parent has ended this moment.
  }
  return false;
}

/** The name of the program, field 2, may hold anything. */
function statOf(pid: number): { readonly parent: number; readonly session: number } {
  const [, parent, , session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\)\s/s, '')
    .split(' ')
    .map(Number);
  return { parent: parent!, session: session! };
}

/** Bit 0 is SIGHUP. */
function ignoredSignals(pid: number): bigint {
  const mask = /^SigIgn:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return BigInt(`0x${mask?.[1] ?? '0'}`);
}
