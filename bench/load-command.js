// `npm run bench -- load`: how many items a second one coordinator gives to very many workers, from their calls over gRPC to the
// database, and how soon all are back after it was killed. All of it shares this machine: the workers take their part of it.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const limits = { grantsPerSecond: 2000, reconnectSeconds: 10 };
const warmUpMs = 2000;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      workers: { type: 'string', default: '1000' },
      processes: { type: 'string', default: '2' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      stages: { type: 'string', default: '100' },
      items: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const [numWorkers, numProcesses, seconds, rounds, numStages, numItems] = [
    'workers',
    'processes',
    'seconds',
    'rounds',
    'stages',
    'items',
  ].map((name) => wholeNumber(values[name], `--${name}`));
  const say = (line) => console.error(`bench load: ${line}`);
  const dir = mkdtempSync(join(tmpdir(), 'calm-bench-load-'));
  const children = new Set();
  const start = async (script, words) => {
    const child = fork(here(script), words.map(String));
    children.add(child);
    child.once('exit', () => children.delete(child));
    return { child, first: await answerOf(child, script) };
  };
  const ask = async (child, what) => {
    child.send(what);
    return answerOf(child, what);
  };
  try {
    const token = randomBytes(16).toString('hex');
    const coordinate = (address) =>
      start('load-coordinator.js', [join(dir, 'runs'), address, token, numStages, numItems]);
    say(`${numWorkers} workers in ${numProcesses} processes, ${numStages} stages of ${numItems} items`);
    let coordinator = await coordinate('127.0.0.1:0');
    const { address } = coordinator.first;
    const share = Math.ceil(numWorkers / numProcesses);
    const workers = await Promise.all(
      Array.from({ length: numProcesses }, (_, i) =>
        start('load-workers.js', [address, token, i * share, Math.min(share, numWorkers - i * share)]),
      ),
    );
    for (const { child } of workers) child.send('go');
    await sleep(warmUpMs);
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      for (const { child } of workers) child.send('measure');
      const before = await ask(coordinator.child, 'state');
      const startedMs = performance.now();
      await sleep(seconds * 1000);
      const after = await ask(coordinator.child, 'state');
      const tookMs = performance.now() - startedMs;
      const waits = (await Promise.all(workers.map(({ child }) => ask(child, 'tell')))).flat().sort((a, b) => a - b);
      const part = (share) => waits[Math.floor(waits.length * share)];
      const numGrants = after.numGrants - before.numGrants;
      measured.push({
        grantsPerSecond: Math.round((numGrants / tookMs) * 1000),
        callsPerGrant: (after.numCalls - before.numCalls) / numGrants,
        cpuMsPerGrant: (after.cpuMs - before.cpuMs) / numGrants,
        p50Ms: Math.round(part(0.5)),
        p99Ms: Math.round(part(0.99)),
        coordinatorShare: (after.cpuMs - before.cpuMs) / tookMs,
        memoryMb: Math.round(after.memory / 1e6),
      });
    }
    coordinator.child.kill('SIGKILL');
    const killedMs = performance.now();
    coordinator = await coordinate(address);
    const upMs = performance.now();
    while ((await ask(coordinator.child, 'state')).numWorkers < numWorkers) await sleep(50);
    const allMs = performance.now();
    const rates = measured.map(({ grantsPerSecond }) => grantsPerSecond);
    const report = {
      ...{ numWorkers, grantsPerSecond: median(rates), slowest: Math.min(...rates), fastest: Math.max(...rates) },
      p99Ms: median(measured.map(({ p99Ms }) => p99Ms)),
      ...{ restartSeconds: (upMs - killedMs) / 1000, reconnectSeconds: (allMs - upMs) / 1000 },
      ...{ rounds: measured, limits, machine: machineFacts() },
    };
    console.log(values.json ? JSON.stringify(report) : tableOf(report));
    const holds = report.grantsPerSecond >= limits.grantsPerSecond;
    return holds && report.reconnectSeconds <= limits.reconnectSeconds ? 0 : 1;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function answerOf(child, what) {
  return new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`${what}: the process ended with exit code ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}

function tableOf({ numWorkers, grantsPerSecond, slowest, fastest, p99Ms, ...report }) {
  const { restartSeconds, reconnectSeconds, rounds, machine } = report;
  const [{ coordinatorShare, memoryMb, p50Ms }] = rounds;
  const cpuMs = median(rounds.map(({ cpuMsPerGrant }) => cpuMsPerGrant));
  const numCalls = median(rounds.map(({ callsPerGrant }) => callsPerGrant));
  return [
    `${numWorkers} workers; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    `items given a second          ${grantsPerSecond} (${slowest} to ${fastest}), at least ${limits.grantsPerSecond}`,
    `asking until given            ${p50Ms} ms half of them, ${p99Ms} ms 99 %`,
    `coordinator                   ${(coordinatorShare * 100).toFixed(0)} % of a core, ${memoryMb} MB`,
    `of it for an item             ${cpuMs.toFixed(2)} ms of CPU, ${numCalls.toFixed(2)} calls`,
    `killed, until it listens      ${restartSeconds.toFixed(1)} s`,
    `until all workers are back    ${reconnectSeconds.toFixed(1)} s, at most ${limits.reconnectSeconds}`,
  ].join('\n');
}
