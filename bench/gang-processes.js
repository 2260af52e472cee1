// Processes of a gang, for benchmarks: each is told who its peers are, and reports once.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs `size` members of one thread each, given these options, to the end; their reports by rank.
 * @param {(place: number) => Record<string, string>} envOf what else the environment of the member started then has
 * @throws {Error} when a member ends before, or all take longer than `limitMs`
 */
export async function runMembers(script, size, options, { envOf = () => ({}), limitMs = 30 * 60_000 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'calm-bench-'));
  const env = {
    ...process.env,
    TF_NUM_INTRAOP_THREADS: '1',
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
  const ready = [];
  const reports = [];
  const children = Array.from({ length: size }, (_, i) => {
    const argument = JSON.stringify({ ...options, address: `unix:${join(dir, `m${i}`)}`, token: 'bench' });
    return fork(script, [argument], { env: { ...env, ...envOf(i) }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  });
  let timer;
  try {
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${Math.round(limitMs / 1000)} s`)), limitMs);
      for (const child of children) {
        child.once('exit', (code, signal) => reject(new Error(`a member ended with ${signal ?? `exit code ${code}`}`)));
        child.on('message', (message) => {
          if (message.type === 'report' && reports.push(message.report) === size) resolve();
          if (message.type !== 'ready' || ready.push({ child, address: message.address }) < size) return;
          const members = ready.map(({ address }) => address);
          ready.forEach((each, rank) => each.child.send({ roster: { generation: 1, rank, members } }));
        });
      }
    });
  } finally {
    clearTimeout(timer);
    for (const child of children) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
  return reports.sort((a, b) => a.rank - b.rank);
}
