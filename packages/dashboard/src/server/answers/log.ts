// A part of what a process of a run has written. Its file is one of those the run's folder of logs holds, found by name in
// their list: no name in an address becomes a path.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';
import { logAnswer, logQuery } from '../../api/runs.ts';
import { route } from '../route.ts';
import { runOf } from './run.ts';

const partBytes = 64 * 1024;

export const logRoute = route({
  path: '/api/runs/{run}/logs/{log}',
  summary: 'Up to 64 KiB of the log of one process of a run: from a place on, or the last',
  query: logQuery,
  answer: logAnswer,
  handle: (asked) => {
    const { run } = runOf(asked);
    const log = asked.sources.logs(run.id).find(({ name }) => name === asked.path['log']);
    if (log === undefined) throw new CalmError('not_found', `run ${run.id} has no log ${asked.path['log']}`);
    return partOf(log.path, asked.query.from);
  },
});

function partOf(path: string, from?: number): { from: number; next: number; text: string } {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const begin = Math.min(from ?? Math.max(0, size - partBytes), size);
    const bytes = Buffer.alloc(Math.min(partBytes, size - begin));
    const read = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, begin));
    // A character cut at the end comes whole with the next part; one cut at the begin was asked for by nobody.
    const whole = wholeCharacters(read);
    const skipped = from === undefined && begin > 0 ? whole.indexOf('\n') + 1 : 0;
    return { from: begin + skipped, next: begin + whole.length, text: whole.subarray(skipped).toString('utf8') };
  } finally {
    closeSync(file);
  }
}

/** Without the first bytes of a character whose last ones are not there. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
