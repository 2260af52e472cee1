// Carries out one fault on a run under way.
import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedFault } from './faults.ts';
import { processesOf, type RunProcess } from './processes.ts';

/** The writer of checkpoints reads its byte limit here. */
export const limitFile = (dir: string): string => join(dir, 'byte-limit');

/** What was hit, or null when there is nothing to hit now. */
export function inject(fault: PlannedFault, coordinator: ChildProcess, dir: string): string | null {
  const { kind, lastsMs, choice } = fault;
  if (coordinator.pid === undefined || coordinator.exitCode !== null) return null;
  const processes = processesOf(dir);
  if (processes.length === 0) return null;
  const pick = (computing: boolean): RunProcess | undefined => {
    const candidates = processes.filter(({ name }) => name.startsWith('compute ') === computing);
    return candidates[Math.floor(choice * candidates.length)];
  };
  const hit = (found: RunProcess | undefined, signal: NodeJS.Signals): string | null =>
    found !== undefined && send(found.pid, signal) ? found.name : null;
  switch (kind) {
    case 'kill worker':
      return hit(pick(false), 'SIGKILL');
    case 'kill computation':
      return hit(pick(true), 'SIGKILL');
    case 'stop worker':
    case 'stop computation': {
      const found = pick(kind === 'stop computation');
      const name = hit(found, 'SIGSTOP');
      if (found !== undefined) setTimeout(() => send(found.pid, 'SIGCONT'), lastsMs);
      return name;
    }
    case 'cut connections':
      return send(coordinator.pid, 'SIGUSR2') ? 'coordinator' : null;
    case 'kill coordinator':
      return coordinator.kill('SIGKILL') ? 'coordinator' : null;
    case 'disk full':
      writeFileSync(limitFile(dir), '0');
      setTimeout(() => rmSync(limitFile(dir), { force: true }), lastsMs);
      return 'checkpoints';
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended since.
    return false;
  }
}
