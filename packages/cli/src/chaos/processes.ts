// The processes of one run: its recorded workers (an earlier coordinator may have started them) and their children.
import { execFileSync } from 'node:child_process';
import { hasTracker, openTracker } from '@calm-orch/tracker';

export interface RunProcess {
  readonly pid: number;
  /** `trainer 0`, `compute trainer 0`, ... */
  readonly name: string;
}

/** All worker and computing processes of the newest run of a run folder. */
export function processesOf(dir: string): RunProcess[] {
  const workers = recordedWorkers(dir);
  if (workers.length === 0) return [];
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const all = lines.map((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
    return { pid: Number(pid), parent: Number(parent), args: args! };
  });
  return workers.flatMap((worker) => [
    worker,
    ...all.flatMap(({ pid, parent, args }) => {
      const name = /compute (trainer|augmentor|evaluator) \d+/.exec(args)?.[0];
      return parent === worker.pid && name !== undefined ? [{ pid, name }] : [];
    }),
  ]);
}

function recordedWorkers(dir: string): RunProcess[] {
  if (!hasTracker(dir)) return [];
  const tracker = openTracker(dir, { access: 'read' });
  try {
    const [run] = tracker.listRuns();
    const workers = run === undefined ? [] : tracker.livingWorkers(run.id);
    return workers.map(({ pid, role, index }) => ({ pid, name: `${role} ${index}` }));
  } finally {
    tracker.close();
  }
}
