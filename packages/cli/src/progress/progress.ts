// Shows a run under way: on a terminal a block that is redrawn, with the table as far as it is filled below it and lasting
// lines only for what went wrong; in a pipe plain lines, one for each event and a few at times that grow further apart.
import type { CoordinatorEvent, RunView } from '@calm-orch/coordinator';
import stringWidth from 'fast-string-width';
import { toCalmError } from '@calm-orch/core';
import { fillingLines, type FillingTable } from './filling-table.ts';
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

export interface ProgressOptions {
  /** The table under way: on a terminal it is asked whenever a stage has begun or ended. @default no table is shown */
  readonly table?: () => FillingTable | null;
  /** Takes what is shown beside a pipe's plain lines. @default standard error */
  readonly aside?: ProgressStream;
}

export function showProgress(
  stream: ProgressStream,
  view: () => RunView,
  { table = () => null, aside = process.stderr }: ProgressOptions = {},
): Progress {
  return stream.isTTY === true ? liveProgress(stream, view, table) : plainProgress(stream, view, aside);
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

function liveProgress(stream: ProgressStream, view: () => RunView, table: () => FillingTable | null): Progress {
  let drawn = 0;
  const up = (): string => (drawn > 0 ? `\u001b[${drawn}A` : '');
  const latest = whenStagesChange(table);
  /** In one write, each line over the one before: nothing is blank in between. */
  const draw = (above = ''): void => {
    // Terminals that do not know their size say 0.
    const size = { columns: stream.columns || 80, rows: stream.rows || 24 };
    const now = view();
    const block = liveBlock(now, size);
    const filling = latest(now);
    const below = filling === null ? [] : fillingLines(filling, { ...size, rows: size.rows - block.length - 2 });
    const lines = below.length > 0 ? [...block, '', ...below] : block;
    const note = above === '' ? '' : `\u001b[0J${above}\n`;
    // Behind a line as wide as the terminal nothing is left, and some terminals would clear its last character.
    const ends = lines.map((line) => (stringWidth(line) < size.columns ? '\u001b[K\n' : '\n'));
    stream.write(`${up()}${note}${lines.map((line, i) => `${line}${ends[i]!}`).join('')}\u001b[0J`);
    drawn = lines.length;
  };
  draw();
  const timer = setInterval(() => draw(), redrawEveryMs);
  return {
    event: (event) => {
      if (event.type !== 'stage started' && event.type !== 'stage succeeded') draw(eventText(event));
    },
    note: draw,
    show: draw,
    close: () => {
      clearInterval(timer);
      if (drawn > 0) stream.write(`${up()}\u001b[0J`);
      drawn = 0;
    },
  };
}

/** Asks again once a stage has begun or ended. A database that is busy leaves what was there. */
function whenStagesChange(table: () => FillingTable | null): (view: RunView) => FillingTable | null {
  let known = '';
  let last: FillingTable | null = null;
  return ({ stages }) => {
    const states = stages.map(({ state }) => state).join();
    if (states === known) return last;
    try {
      last = table();
      known = states;
    } catch (error) {
      if (toCalmError(error).code !== 'busy') throw error;
    }
    return last;
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
