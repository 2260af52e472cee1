// Carries out one fault on a run under way.
import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { cutSignal, faultPaths } from './fault-paths.ts';
import type { PlannedFault } from './faults.ts';
import { processesOf, type RunProcess } from './processes.ts';

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
      return coordinator.kill(cutSignal) ? 'coordinator' : null;
    case 'kill coordinator':
      return coordinator.kill('SIGKILL') ? 'coordinator' : null;
    case 'disk full': {
      const { isFull } = faultPaths(dir);
      writeFileSync(isFull, '');
      setTimeout(() => rmSync(isFull, { force: true }), lastsMs);
      return 'checkpoints';
    }
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
