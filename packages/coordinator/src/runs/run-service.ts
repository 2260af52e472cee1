// How other commands reach the coordinator of a run at work: what it answers them, and how they call it.
import { connect, RunServiceService, type Api, type Connection } from '@calm-orch/rpc';
import { readConnection } from './connection.ts';
import type { Layout } from '../artifacts/layout.ts';
import type { CoordinatorEvent } from '../leases/records.ts';
import type { RunView } from './view.ts';

const numEventsKept = 500;

export interface EventLog {
  add(event: CoordinatorEvent): void;
  /** Those after number `after` that are still known, and the number of the last one. */
  since(after: number | undefined): { readonly events: CoordinatorEvent[]; readonly last: number };
}

/** Events are numbered from 1. */
export function createEventLog(): EventLog {
  const kept: CoordinatorEvent[] = [];
  let last = 0;
  return {
    add: (event) => {
      last++;
      if (kept.push(event) > numEventsKept) kept.shift();
    },
    since: (after = last) => ({ events: after < last ? kept.slice(after - last) : [], last }),
  };
}

export interface RunServiceOptions {
  readonly view: () => RunView;
  readonly events: EventLog;
  readonly onStop: (now: boolean) => void;
}

export function runService({ view, events, onStop }: RunServiceOptions): Api<typeof RunServiceService> {
  return {
    observe: ({ after }) => Promise.resolve({ viewJson: JSON.stringify(view()), ...events.since(after) }),
    stop: ({ now }) => {
      onStop(now);
      return Promise.resolve({});
    },
  };
}

/** Calls fail at once while nobody answers. Null: its coordinator does not listen yet, or any more. */
export function connectRun(layout: Layout, runId: string): Connection<typeof RunServiceService> | null {
  const found = readConnection(layout, runId);
  if (found === null) return null;
  return connect(RunServiceService, { address: found.address, token: found.token, retryForMs: 0 });
}
