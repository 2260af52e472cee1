// Standard output: text and JSON, colours only where they are seen, and no crash when a reader such as `head` leaves.

/** Printing to a pipe nobody reads any more is not an error: a long run must outlive its `| head`. */
export function survivesClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount('error') > 0) continue;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2));
}

/** Colours: on a terminal, unless NO_COLOR (https://no-color.org) is set or the terminal is dumb. */
export function wantsColor(
  stream: { readonly isTTY?: boolean } = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
