// The run folder as requests find it: its database is opened when it is there, kept open, and opened anew once another
// stands in its place (a folder that was deleted and used again), or what was read was a copy: of a database of an older
// version, or of one that a run is only just making.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openTracker, type Tracker } from '@calm-orch/tracker';

export interface RunFolder {
  readonly dir: string;
  /** Null while no run has been started in it. @throws CalmError of a database that cannot be read */
  tracker(): Tracker | null;
  close(): void;
}

export function openRunFolder(dir: string): RunFolder {
  let open: { readonly tracker: Tracker; readonly file: string } | null = null;
  const close = (): void => {
    open?.tracker.close();
    open = null;
  };
  return {
    dir,
    tracker: () => {
      const file = identityOf(join(dir, 'calm-orch.db'));
      if (open !== null && open.file === file && !open.tracker.isStale()) return open.tracker;
      close();
      if (file === null) return null;
      open = { tracker: openTracker(dir, { access: 'read' }), file };
      return open.tracker;
    },
    close,
  };
}

/** Null where there is no file. */
function identityOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}/${found.ino}`;
}
