// What all processes of a run have in common that no terminal is looked at by.
import { toCalmError } from '@calm-orch/core/errors';
import { ignoresHangup } from '@calm-orch/core/hangup';
import { survivesClosedOutput } from '../output.ts';
import { nativeProblem, nativeSentence } from '../surroundings/native-error.ts';

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
