// Collects progress and notes of one attempt and sends them in numbered batches, so that a step costs no call of its own and
// a repeated batch is recognised.
import type { StageProgress } from '@calm-orch/core';
import type { ProgressPoint } from '../generated/calm/v1/coordinator.ts';
import { toPoint } from '../tensors/wire.ts';

export interface ProgressReports {
  add(progress: StageProgress): void;
  note(text: string): void;
  /** Sends what is left, after what is under way; throws what sending threw. */
  flush(): Promise<unknown>;
  close(): void;
}

export function progressReports(
  send: (sequence: number, points: ProgressPoint[], notes: string[]) => Promise<unknown>,
  { everyMs = 500, onError }: { readonly everyMs?: number; readonly onError: (error: unknown) => void },
): ProgressReports {
  let waiting: ProgressPoint[] = [];
  let waitingNotes: string[] = [];
  let sequence = 0;
  let sent: Promise<unknown> = Promise.resolve();
  const flush = (): Promise<unknown> => {
    sent = sent.then(() => {
      const [points, notes] = [waiting, waitingNotes];
      [waiting, waitingNotes] = [[], []];
      return points.length + notes.length === 0 ? undefined : send(++sequence, points, notes);
    });
    return sent;
  };
  const timer = setInterval(() => {
    flush().catch(onError);
  }, everyMs);
  return {
    add: (progress) => void waiting.push(toPoint(progress)),
    note: (text) => void waitingNotes.push(text),
    flush,
    close: () => clearInterval(timer),
  };
}
