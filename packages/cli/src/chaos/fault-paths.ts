// What `inject` and the module that is loaded before the run's processes (breakable.ts) agree on.
import { join } from 'node:path';

/** To a coordinator: cuts all connections it has accepted. */
export const cutSignal = 'SIGUSR2';

/** Of a run folder. */
export const faultPaths = (dir: string) => ({
  /** Where the disk is full while `isFull` exists. */
  checkpoints: join(dir, 'checkpoints'),
  isFull: join(dir, 'disk-is-full'),
});
