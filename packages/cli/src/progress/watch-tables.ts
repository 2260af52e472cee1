// `tables --watch`: the table again whenever its numbers change. The run may change as well: it is the last one, if none was
// named.
import { setTimeout as sleep } from 'node:timers/promises';
import { renderTables, type TableFormat } from '@calm-orch/report';
import { openTracker } from '@calm-orch/tracker';
import { judgedTables } from '../judged-tables.ts';
import { runWithTables } from '../options/run-with-tables.ts';
import { printLine, wantsColor } from '../output.ts';
import { localTime } from '../views/format.ts';

const lookEveryMs = 1000;

interface Watched {
  readonly dir: string;
  readonly name: string | undefined;
  readonly format: TableFormat;
}

/** Until Ctrl-C or SIGTERM, which is how it ends, not a failure. @throws CalmError `not_found` at the first look */
export async function watchTables({ dir, name, format }: Watched): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  let printed: string | null = null;
  let changes: string | null = null;
  const told = new Set<string>();
  const tell = (sentence: string): void => {
    if (!told.has(sentence)) process.stderr.write(`calm-orch: ${sentence}\n`);
    told.add(sentence);
  };
  const look = async (): Promise<void> => {
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const now = tracker.changes();
      if (now === changes) return;
      const tables = await judgedTables(tracker, runWithTables(tracker, name), dir, tell);
      changes = now;
      const text = renderTables(tables, format, wantsColor());
      if (text === printed) return;
      if (format === 'json') printLine(JSON.stringify(JSON.parse(text)));
      else printLine(`${printed === null ? '' : `\n${localTime(Date.now())}\n`}${text}`);
      printed = text;
    } finally {
      tracker.close();
    }
  };
  try {
    while (!stop.signal.aborted) {
      await look();
      await sleep(lookEveryMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}
