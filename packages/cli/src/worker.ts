// The processes `run` starts; they load no command line. `worker.js trainer N`, `augmentor N` and `evaluator N` hold leases,
// and each forks one compute.js, which computes and never outlives it. A worker whose coordinator has gone waits for the
// next one, for a limited time. Not for users: `calm-orch run` passes address, token and the worker's name by environment.
import { randomUUID } from 'node:crypto';
import { CalmError } from '@calm-orch/core/errors';
import { logLine, stopSignal } from './worker-life.ts';
import { asWorkerProcess, computeScript } from './run/worker-process.ts';

async function work(roleName: string, index: number): Promise<void> {
  const { CALM_ORCH_ADDRESS: address, CALM_ORCH_TOKEN: token, CALM_ORCH_HOST: host, ...rest } = process.env;
  const { CALM_ORCH_INSTANCE: instance = randomUUID(), CALM_ORCH_TAKEOVER_MS, CALM_ORCH_GPU_IN_TURNS, ...env } = rest;
  if (address === undefined || token === undefined)
    throw new CalmError('invalid_argument', `${roleName}: workers are started by \`calm-orch run\``);
  const { ComputeChild, parseRole, runWorker } = await import('@calm-orch/rpc');
  const { workerFacts } = await import('./surroundings/worker-facts.ts');
  const role = parseRole(roleName);
  const signal = stopSignal();
  let stopRenewing = (): void => {};
  try {
    // Trainers of one stage reach each other beside the coordinator, with the run's token; those of several hosts by certificates.
    const isAmongHosts = role === 'trainer' && host !== undefined;
    const tls = isAmongHosts ? await import('@calm-orch/rpc/tls') : null;
    const ask = tls?.ownRenewal({ address, token }, { role, instance });
    const identity = ask && (await tls!.renewIdentity(ask));
    const isAlone = role !== 'trainer' || isAmongHosts;
    const tensors = isAlone ? {} : { CALM_ORCH_TENSOR_ADDRESS: address, CALM_ORCH_TENSOR_TOKEN: token };
    const compute = new ComputeChild({
      command: [computeScript, 'compute', role, String(index)],
      env: { ...env, ...tensors },
      ...(identity && { peers: { identity, host: host! } }),
    });
    if (identity) {
      const onRenewed = (renewed: typeof identity): void => compute.renew(renewed);
      stopRenewing = tls!.keepRenewed({ identity, ask: ask, onRenewed, log: logLine });
    }
    const facts = await workerFacts(role, logLine, signal);
    const takeoverMs = Number(CALM_ORCH_TAKEOVER_MS ?? 0);
    const isInTurns = CALM_ORCH_GPU_IN_TURNS !== undefined;
    const options = { role, index, instance, facts, address, token, compute, signal, takeoverMs, isInTurns };
    await runWorker({ ...options, log: logLine });
  } catch (error) {
    logLine(`gives up: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
  }
  stopRenewing();
  // The channel to the coordinator would keep this process alive, and a worker that gave up would never be replaced.
  if (process.connected) process.disconnect();
}

await asWorkerProcess(([role = '', index]) => work(role, Number(index)));
