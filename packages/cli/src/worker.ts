// The processes `run` starts; they load no command line. `worker.js trainer N`, `augmentor N` and `evaluator N` hold leases,
// and each forks one compute.js, which computes and never outlives it. A worker whose coordinator has gone waits for the
// next one, for a limited time. Not for users: `calm-orch run` passes address, token and the worker's name by environment.
import { randomUUID } from 'node:crypto';
import { CalmError } from '@calm-orch/core/errors';
import { asWorkerProcess, computeScript } from './run/worker-process.ts';

async function work(role: string, index: number): Promise<void> {
  const { CALM_ORCH_ADDRESS: address, CALM_ORCH_TOKEN: token, ...rest } = process.env;
  const { CALM_ORCH_INSTANCE: instance = randomUUID(), CALM_ORCH_TAKEOVER_MS, ...env } = rest;
  if (address === undefined || token === undefined)
    throw new CalmError('invalid_argument', `${role}: workers are started by \`calm-orch run\``);
  const { ComputeChild, parseRole, runWorker } = await import('@calm-orch/rpc');
  const { workerFacts } = await import('./surroundings/worker-facts.ts');
  // Trainers of one stage reach each other beside the coordinator, with the run's token.
  const tensors = role === 'trainer' ? { CALM_ORCH_TENSOR_ADDRESS: address, CALM_ORCH_TENSOR_TOKEN: token } : {};
  const command = [computeScript, 'compute', role, String(index)] as const;
  const compute = new ComputeChild({ command, env: { ...env, ...tensors } });
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  // Ctrl-C reaches every process of the run; the coordinator decides what it means, if there is one. So does a closing
  // terminal, which is none of a worker's.
  process.on('SIGINT', () => process.connected || stop.abort());
  const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);
  const takeoverMs = Number(CALM_ORCH_TAKEOVER_MS ?? 0);
  try {
    const name = { role: parseRole(role), index, instance };
    const facts = await workerFacts(name.role, log, stop.signal);
    await runWorker({ ...name, facts, address, token, compute, signal: stop.signal, log, takeoverMs });
  } catch (error) {
    log(`gives up: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
  }
  // The channel to the coordinator would keep this process alive, and a worker that gave up would never be replaced.
  if (process.connected) process.disconnect();
}

await asWorkerProcess(([role = '', index]) => work(role, Number(index)));
