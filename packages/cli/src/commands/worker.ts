// The processes `run` starts: `trainer N`, `augmentor N` and `evaluator N` hold leases, each forks one `compute ROLE N`
// that computes and never outlives it. A worker whose coordinator has gone waits for the next one, for a limited time.
// Not for users; `calm-orch run` passes address and token by environment.
import { fileURLToPath } from 'node:url';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, type Role } from '@calm-orch/core';
import type { GlobalOptions } from '../cli.ts';

const program = fileURLToPath(new URL('../../bin/calm-orch.js', import.meta.url));

interface WorkerOptions extends GlobalOptions {
  index: number;
}

const worker = (role: Role) => ({
  builder: (args: Argv<GlobalOptions>) => args.positional('index', { type: 'number', demandOption: true }),
  handler: async ({ index }: ArgumentsCamelCase<WorkerOptions>): Promise<void> => {
    const { CALM_ORCH_ADDRESS: address, CALM_ORCH_TOKEN: token, CALM_ORCH_TAKEOVER_MS, ...env } = process.env;
    if (address === undefined || token === undefined)
      throw new CalmError('invalid_argument', `${role}: workers are started by \`calm-orch run\``);
    process.title = `calm-orch ${role} ${index}`;
    const { ComputeChild, runWorker } = await import('@calm-orch/rpc');
    // Trainers of one stage reach each other beside the coordinator, with the run's token.
    const tensors = role === 'trainer' ? { CALM_ORCH_TENSOR_ADDRESS: address, CALM_ORCH_TENSOR_TOKEN: token } : {};
    const command = [program, 'compute', role, String(index)] as const;
    const compute = new ComputeChild({ command, env: { ...env, ...tensors } });
    const stop = new AbortController();
    process.on('SIGTERM', () => stop.abort());
    // Ctrl-C reaches every process of the run; the coordinator decides what it means, if there is one. So does a closing
    // terminal, which is none of a worker's (cli.ts).
    process.on('SIGINT', () => process.connected || stop.abort());
    const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);
    try {
      const takeoverMs = Number(CALM_ORCH_TAKEOVER_MS ?? 0);
      await runWorker({ role, index, address, token, compute, signal: stop.signal, log, takeoverMs });
    } catch (error) {
      log(`gives up: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      process.exitCode = 1;
    }
    // The channel to the coordinator would keep this process alive, and a worker that gave up would never be replaced.
    if (process.connected) process.disconnect();
  },
});

export const trainer = worker('trainer');
export const augmentor = worker('augmentor');
export const evaluator = worker('evaluator');

interface ComputeOptions extends GlobalOptions {
  role: string;
  index: number;
}

export const compute = {
  builder: (args: Argv<GlobalOptions>) =>
    args.positional('role', { type: 'string', demandOption: true }).positional('index', { type: 'number', default: 0 }),
  handler: async ({ role, index }: ArgumentsCamelCase<ComputeOptions>): Promise<void> => {
    process.title = `calm-orch compute ${role} ${index}`;
    const { runCompute } = await import('@calm-orch/rpc/compute');
    const { parts } = await import('../run/parts.ts');
    runCompute(parts.stageKinds);
  },
};
