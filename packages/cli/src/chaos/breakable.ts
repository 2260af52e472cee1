// Loaded before the processes of a disturbed run by `node --import`: gives each the faults that cannot be done to it from
// outside. No file of the product knows of them. `inject` sets them off; the query of this module's address says where.
import { isMainThread } from 'node:worker_threads';
import { cutConnectionsOn } from './cut-connections.ts';
import { fillDisk } from './full-disk.ts';
import { cutSignal, faultPaths } from './fault-paths.ts';

const { checkpoints, isFull } = faultPaths(new URL(import.meta.url).searchParams.get('run')!);

fillDisk(checkpoints, isFull);
if (isMainThread) cutConnectionsOn(cutSignal);
