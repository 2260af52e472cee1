// The processes of one run, found by following parents from its coordinator.
import { execFileSync } from 'node:child_process';

export interface RunProcess {
  readonly pid: number;
  /** `trainer 0`, `compute trainer 0`, ... */
  readonly name: string;
}

/** All worker and computing processes below `root`. */
export function processesBelow(root: number): RunProcess[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const all = lines.map((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
    return { pid: Number(pid), parent: Number(parent), args: args! };
  });
  const found: RunProcess[] = [];
  const visit = (parent: number): void => {
    for (const each of all.filter((other) => other.parent === parent)) {
      const name = /(compute )?(trainer|augmentor|evaluator) \d+/.exec(each.args)?.[0];
      if (name !== undefined) found.push({ pid: each.pid, name });
      visit(each.pid);
    }
  };
  visit(root);
  return found;
}
