// Ctrl-C, SIGTERM, a closed terminal and `calm-orch stop`: the first asks for an orderly end, a second one that a person
// has meant ends this process.
import { ignoresHangup } from '@calm-orch/core';

export interface Cancel {
  readonly signal: AbortSignal;
  onFirst: () => void;
  onSecond: () => void;
  /** `now`: as a second Ctrl-C. */
  ask(now: boolean): void;
  dispose(): void;
}

export function cancelOnSignals(): Cancel {
  const controller = new AbortController();
  const first = (): void => {
    if (controller.signal.aborted) return;
    cancel.onFirst();
    controller.abort();
  };
  const second = (): void => {
    try {
      cancel.onSecond();
    } finally {
      process.exit(130);
    }
  };
  const onSignal = (): void => (controller.signal.aborted ? second() : first());
  const handlers = new Map<NodeJS.Signals, () => void>([
    ['SIGINT', onSignal],
    ['SIGTERM', onSignal],
  ]);
  // A shell that is hung up passes it on, and the kernel tells all once more when the shell has gone.
  if (!ignoresHangup()) handlers.set('SIGHUP', first);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const cancel: Cancel = {
    signal: controller.signal,
    onFirst: () => {},
    onSecond: () => {},
    // Whoever asked hears that this was heard.
    ask: (now) => (now ? void setTimeout(second, 100) : first()),
    dispose: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
  return cancel;
}
