// Questions at the terminal, each until its answer is one.
import { createInterface } from 'node:readline/promises';
import { CalmError } from '@calm-orch/core';

export interface Asker {
  /** `read` throws for what is no answer; Enter stands for `usual`. */
  ask<T>(question: string, usual: string, read: (answer: string) => T): Promise<T>;
  close(): void;
}

export function createAsker(): Asker {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const stop = new AbortController();
  // Ctrl-C and Ctrl-D: nothing is written.
  terminal.once('SIGINT', () => stop.abort()).once('close', () => stop.abort());
  return {
    ask: async (question, usual, read) => {
      for (;;) {
        const answer = await terminal.question(`${question} [${usual}] `, { signal: stop.signal }).catch((error) => {
          throw stop.signal.aborted ? new CalmError('cancelled', 'nothing was written', { cause: error }) : error;
        });
        try {
          return read(answer.trim() === '' ? usual : answer.trim());
        } catch (error) {
          process.stdout.write(`${(error as Error).message}\n`);
        }
      }
    },
    close: () => terminal.close(),
  };
}
