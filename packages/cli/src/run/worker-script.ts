// What the processes and threads of a run are started from. Built: also what runs from its sources starts the built ones.
import { fileURLToPath } from 'node:url';

const built = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));

export const workerScript = built('program/worker');
export const judgeScript = built('program/judge');
/** Not bundled: what computes is what was hashed (scripts/build-program.js). */
export const computeScript = built('compute');
