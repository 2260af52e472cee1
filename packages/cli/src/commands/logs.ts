// What the processes of a run have written, of one or of all, and what they go on writing.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { namedRun } from '../options/named-run.ts';
import { createLineReader, logFiles, startOfLastLines, type LineReader, type LogFile } from '../run/log-files.ts';

interface Options extends GlobalOptions {
  run?: string;
  follow: boolean;
  worker?: string;
  lines?: number;
}

const lookEveryMs = 300;
const followedLines = 10;

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', describe: 'A run or an experiment [default: the last run]' })
      .option('follow', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'Go on with what is written until the run ends',
      })
      .option('worker', {
        type: 'string',
        requiresArg: true,
        describe: 'Of one process only: trainer-0, augmentor-0, evaluator-0, coordinator (of `--detach`)',
      })
      .option('lines', {
        type: 'number',
        requiresArg: true,
        describe: `The last lines of each process [default: all; with --follow ${followedLines}]`,
      })
      .example('$0 logs', 'all of the last run')
      .example('$0 logs -f --worker trainer-0', 'one process of a run at work'),
  handler: async ({ dir, run: name, follow, worker, lines }: ArgumentsCamelCase<Options>): Promise<void> => {
    if (lines !== undefined && !(Number.isSafeInteger(lines) && lines >= 0))
      throw new CalmError('invalid_argument', `--lines: expected a whole number from 0 up, got ${lines}`);
    const wanted = worker === undefined ? undefined : nameOf(worker);
    const { layoutOf } = await import('@calm-orch/coordinator');
    const layout = layoutOf(dir);
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const { id } = namedRun(tracker, name);
      const isAtWork = (): boolean => tracker.getRun(id).status === 'running';
      const files = (): LogFile[] =>
        logFiles(layout, id).filter((file) => wanted === undefined || file.name === wanted);
      if (files().length === 0 && !(follow && isAtWork())) throw nothing(id, wanted, logFiles(layout, id));
      const print = createPrinter();
      const count = lines ?? (follow ? followedLines : undefined);
      const readers = new Map<string, LineReader>();
      for (const { name: file, path } of files())
        readers.set(file, createLineReader(path, count === undefined ? 0 : startOfLastLines(path, count)));
      print.named = wanted === undefined && (follow || readers.size > 1);
      for (let last = !follow; ;) {
        last ||= !isAtWork();
        for (const { name: file, path } of files()) {
          if (!readers.has(file)) readers.set(file, createLineReader(path));
          const reader = readers.get(file)!;
          for (let more = reader.next(); more !== null && print.isRead(); more = reader.next())
            await print.lines(file, more);
          if (last) await print.lines(file, reader.rest());
        }
        if (last || !print.isRead()) return;
        await sleep(lookEveryMs);
      }
    } finally {
      tracker.close();
    }
  },
};

/** `trainer 0`, as progress shows it, and `compute trainer 0`, which writes to the same file, are `trainer-0`. */
function nameOf(worker: string): string {
  const name = worker
    .trim()
    .toLowerCase()
    .replace(/\.log$/, '')
    .replace(/^compute[\s-]+/, '')
    .replace(/\s+/g, '-');
  if (/^((trainer|augmentor|evaluator)-\d+|coordinator)$/.test(name)) return name;
  throw new CalmError(
    'invalid_argument',
    `--worker: expected trainer-N, augmentor-N, evaluator-N (N from 0 up) or coordinator, got "${worker}"`,
  );
}

function nothing(runId: string, wanted: string | undefined, all: readonly LogFile[]): CalmError {
  const there = all.map(({ name }) => name).join(', ');
  return new CalmError(
    'not_found',
    all.length === 0
      ? `run ${runId} has no logs: it started no process, or \`calm-orch gc\` has freed them`
      : `run ${runId} has no log of ${wanted}: there are ${there}`,
  );
}

function createPrinter() {
  const { stdout } = process;
  const printer = {
    /** Whose line it is stands before it. */
    named: false,
    isRead: (): boolean => stdout.writable,
    lines: async (name: string, lines: readonly string[]): Promise<void> => {
      const text = lines.map((line) => `${printer.named ? `${name} | ` : ''}${line}\n`).join('');
      if (text === '' || stdout.write(text) || !stdout.writable) return;
      // Whoever reads slowly is waited for; whoever leaves is not.
      const over = new AbortController();
      const waits = ['drain', 'error', 'close'].map((event) =>
        once(stdout, event, { signal: over.signal }).catch(() => {}),
      );
      await Promise.race(waits);
      over.abort();
    },
  };
  return printer;
}
