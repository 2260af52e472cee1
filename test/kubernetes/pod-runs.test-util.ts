// Runs whose workers are pods of a test's own cluster, and what their tests ask of both.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { makeRealRuns, smallRun, type RealRun, type RealRuns } from '../e2e/real-run.test-util.ts';
import { program, until } from '../stories/story.test-util.ts';
import { makeCluster, type Cluster } from './nodes.test-util.ts';

export const experiment: readonly string[] = ['run', 'experiments/smoke.yaml', ...smallRun];
export const inCluster: readonly string[] = ['--launcher', 'kubernetes', '--kube-image', 'registry/calm-orch:1'];

export interface PodRuns {
  readonly runs: RealRuns;
  readonly cluster: Cluster;
  /** The program in the run folder of this name. */
  start(folder: string, args: readonly string[]): RealRun;
  /** What it prints in folder `pods`; the server of this process answers it meanwhile. */
  calmOrch(...args: readonly string[]): Promise<string>;
  jobs(): readonly { readonly body: string }[];
  nothingIsLeft(): Promise<void>;
  /** What runs and pods have printed. */
  outputs(): string;
  close(): Promise<void>;
}

export async function makePodRuns(): Promise<PodRuns> {
  const runs = makeRealRuns();
  const started: RealRun[] = [];
  const { dir } = runs.folder('pods');
  mkdirSync(dir, { recursive: true });
  const cluster = await makeCluster(dir);
  const { server } = cluster;
  return {
    runs,
    cluster,
    start: (folder, args) => {
      const run = runs.start(folder, args, cluster.env);
      started.push(run);
      return run;
    },
    calmOrch: async (...args) => {
      const env = { ...process.env, ...cluster.env };
      return (await promisify(execFile)(process.execPath, [program, ...args, '--dir', dir], { env })).stdout;
    },
    jobs: () => server.calls.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs')),
    nothingIsLeft: () =>
      until('nothing is left', () =>
        (['jobs', 'pods', 'secrets'] as const).every((kind) => server.list(kind).length === 0),
      ),
    outputs: () =>
      [
        ...started.map((run) => run.text()),
        ...server.list('pods').map(({ metadata: { name } }) => `${name}: ${cluster.log(name)}`),
      ].join('\n'),
    close: async () => {
      await cluster.close();
      runs.close();
    },
  };
}
