// What the processes of a run are started from.
import { fileURLToPath } from 'node:url';

/** Built: also what runs from its sources starts the built one. */
export const workerScript = fileURLToPath(new URL('../../dist/worker.js', import.meta.url));
