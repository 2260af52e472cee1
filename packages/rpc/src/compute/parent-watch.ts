// Runs in a thread of the compute child: ends the process once its parent is gone, whatever the main thread does.
import { workerData } from 'node:worker_threads';

const checkEveryMs = 500;
const { parentPid } = workerData as { readonly parentPid: number };

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
}, checkEveryMs);
