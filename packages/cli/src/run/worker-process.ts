// What the processes and threads of a run are started from, and what all of these processes have in common.
import { fileURLToPath } from 'node:url';
import { toCalmError } from '@calm-orch/core/errors';
import { ignoresHangup } from '@calm-orch/core/hangup';
import { survivesClosedOutput } from '../output.ts';
import { nativeProblem, nativeSentence } from '../surroundings/native-error.ts';

/** Built: also what runs from its sources starts the built ones. */
const built = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));

export const workerScript = built('program/worker');
export const judgeScript = built('program/judge');
export const tryScript = built('program/try');
/** Not bundled: what computes is what was hashed (scripts/build-program.js). */
export const computeScript = built('compute');

/** Does `work` in a process that is named by its arguments and says in one line why it cannot begin. */
export async function asWorkerProcess(work: (args: readonly string[]) => void | Promise<void>): Promise<void> {
  const args = process.argv.slice(2);
  process.title = `calm-orch ${args.join(' ')}`;
  survivesClosedOutput();
  if (ignoresHangup()) process.on('SIGHUP', () => {});
  try {
    await work(args);
  } catch (thrown) {
    const broken = nativeProblem(thrown);
    // The coordinator tells the last line of a worker that cannot begin.
    console.error(`calm-orch: ${broken === null ? toCalmError(thrown).message : nativeSentence(broken)}`);
    process.exitCode = 1;
  }
}
