// Shows a run under way: on a terminal a block that is redrawn, with lasting lines only for what went wrong; in a pipe
// plain lines, one for each event and a few at times that grow further apart.
import type { CoordinatorEvent, RunView } from '@calm-orch/coordinator';
import { duration } from './format.ts';
import { liveBlock, plainLines } from './lines.ts';

export interface Progress {
  event(event: CoordinatorEvent): void;
  /** A line that stays. */
  note(text: string): void;
  /** Lines that stay: on a terminal above the block, else on `aside`. */
  show(text: string): void;
  /** Takes the block away. */
  close(): void;
}

/** The part of a terminal or pipe that progress needs. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const redrawEveryMs = 250;
/** Between two plain reports: a tenth of the time that is gone, so that a long run's log stays short. */
const plainPauseMs = (elapsedMs: number): number => Math.min(600_000, Math.max(10_000, elapsedMs / 10));

/** @param aside Takes what is shown beside a pipe's plain lines. */
export function showProgress(
  stream: ProgressStream,
  view: () => RunView,
  aside: ProgressStream = process.stderr,
): Progress {
  return stream.isTTY === true ? liveProgress(stream, view) : plainProgress(stream, view, aside);
}

function plainProgress(stream: ProgressStream, view: () => RunView, aside: ProgressStream): Progress {
  const note = (text: string): void => void stream.write(`[${duration(view().elapsedMs)}] ${text}\n`);
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => {
      plainLines(view()).forEach(note);
      wait();
    }, plainPauseMs(view().elapsedMs));
  };
  wait();
  return {
    event: (event) => note(eventText(event)),
    note,
    show: (text) => void aside.write(`${text}\n`),
    close: () => clearTimeout(timer),
  };
}

function liveProgress(stream: ProgressStream, view: () => RunView): Progress {
  let drawn = 0;
  const erase = (): void => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    const lines = liveBlock(view(), { columns: stream.columns ?? 80, rows: stream.rows ?? 24 });
    const up = drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : '';
    stream.write(`${up}${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const note = (text: string): void => {
    erase();
    stream.write(`${text}\n`);
    draw();
  };
  draw();
  const timer = setInterval(draw, redrawEveryMs);
  return {
    event: (event) => {
      if (event.type !== 'stage started' && event.type !== 'stage succeeded') note(eventText(event));
    },
    note,
    show: note,
    close: () => {
      clearInterval(timer);
      erase();
    },
  };
}

function eventText({ type, label, message }: CoordinatorEvent): string {
  switch (type) {
    case 'stage started':
      return `${label}: started (${message})`;
    case 'stage succeeded':
      return `${label}: done in ${message}`;
    case 'stage failed':
      return `${label}: FAILED: ${message}`;
    case 'attempt failed':
    case 'note':
      return `${label}: ${message}`;
    case 'attempt lost':
      return `${label}: ${message}; leased again`;
  }
}
