// Standard output: text and JSON, colours only where they are seen, and no crash when a reader such as `head` or the
// terminal leaves.
import { isatty } from 'node:tty';

/** What writing to a pipe nobody reads any more, and to a terminal that has gone, ends with. */
const nobodyReads: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ENXIO', 'ECONNRESET']);

/** Printing for nobody is not an error: a long run must outlive its `| head` and its terminal. */
export function survivesClosedOutput(): void {
  const told = new Set<string>();
  for (const [name, stream, other] of [
    ['standard output', process.stdout, process.stderr],
    ['standard error', process.stderr, process.stdout],
  ] as const)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (nobodyReads.has(error.code) || told.has(name)) return;
      told.add(name);
      process.exitCode = 1;
      other.write(`calm-orch: ${name} cannot be written, and is lost: ${error.message}\n`);
    });
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  // Node aborts, and dumps its core, where it cannot give a terminal its settings back.
  process.on('exit', () => {
    if (terminals.some((fd) => !isatty(fd))) process.kill(process.pid, 'SIGKILL');
  });
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
