// The built program as users start it, for those who measure how long it takes.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const program = join(root, 'packages/cli/bin/calm-orch.js');

/** ms until the process ends, or until its first line, with which it is told to end. @throws {Error} where it fails */
export async function timeOf({ args, untilLine = false }, dir) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [program, ...args, '--dir', dir], {
    cwd: root,
    stdio: ['ignore', untilLine ? 'pipe' : 'ignore', 'inherit'],
  });
  let lineMs;
  child.stdout?.on('data', (data) => {
    if (lineMs !== undefined || !String(data).includes('\n')) return;
    lineMs = performance.now() - startedMs;
    child.kill('SIGINT');
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (!untilLine && code !== 0) throw new Error(`calm-orch ${args.join(' ')} ended with exit code ${code}`);
  return untilLine ? lineMs : performance.now() - startedMs;
}
