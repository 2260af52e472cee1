// The table after each complete seed of a run under way, as `tables` prints it. The last one is left to the end of the run.
import type { RunView } from '@calm-orch/coordinator';
import { toCalmError } from '@calm-orch/core';
import { renderTables } from '@calm-orch/report';
import { wantsColor } from '../output.ts';
import { judgeApart } from '../run/judge-apart.ts';
import type { ProgressStream } from './progress.ts';

export interface SeedTables {
  /** Prints what has become complete since the last look, once it is judged. */
  look(view: Pick<RunView, 'runId' | 'seeds' | 'numSeedsDone'>): void;
  /** Once everything is printed. */
  settle(): Promise<void>;
  /** Nothing more is printed. */
  close(): void;
}

export interface SeedTablesOptions {
  readonly dir: string;
  /** Where progress is shown. */
  readonly output: ProgressStream;
  /** Prints lines that stay. */
  readonly print: (text: string) => void;
}

export function createSeedTables({ dir, output, print }: SeedTablesOptions): SeedTables {
  const left = new AbortController();
  let numShown = 0;
  let printed = Promise.resolve();
  return {
    look: ({ runId, seeds, numSeedsDone }) => {
      if (numSeedsDone <= numShown || numSeedsDone >= seeds.length) return;
      numShown = numSeedsDone;
      const complete = seeds.slice(0, numSeedsDone);
      const of = `${complete.length === 1 ? 'seed' : 'seeds'} ${complete.join(', ')}`;
      printed = printed.then(async () => {
        try {
          const tables = await judgeApart({ dir, runId, seeds: complete }, left.signal);
          if (tables.length > 0)
            print(`\nAfter ${of} of ${seeds.join(', ')}:\n\n${renderTables(tables, 'text', wantsColor(output))}\n`);
        } catch (error) {
          if (!left.signal.aborted) print(`no table of ${of}: ${toCalmError(error).message}`);
        }
      });
    },
    settle: () => printed,
    close: () => left.abort(),
  };
}
