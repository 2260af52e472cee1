// What a cluster does with Jobs: a controller that keeps a pod for each index, by the Job's own policies, and a node that runs
// pods as processes of this machine, in a mount namespace without the run folder where the system lets us.
import { randomBytes, randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canBeApart, program, until, without } from '../stories/story.test-util.ts';
import { ApiServer, type Job, type Pod } from './api-server.test-util.ts';

export interface Cluster {
  readonly server: ApiServer;
  /** For commands that are to use it. */
  readonly env: NodeJS.ProcessEnv;
  /** Pods that run, by role. */
  running(role: string): Pod[];
  /** What a pod of this name has printed. */
  log(pod: string): string;
  /** Ends its worker at once, as the kernel does where memory runs out. */
  kill(pod: string): void;
  close(): Promise<void>;
}

/** Between a failure and the next try: ten seconds in a real cluster. */
const backoffMs = 300;

/** `hidden`: a folder that pods do not see. */
export async function makeCluster(hidden: string): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-kubernetes-'));
  const server = new ApiServer();
  await server.listen();
  writeFileSync(join(dir, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
  const apart = canBeApart();
  if (!apart) console.log('pods see the run folder: this system allows no mount namespaces');
  const processes = new Map<string, ChildProcess>();
  const notBefore = new Map<string, number>();
  const counted = new Set<string>();
  /** Of each Job by its uid: indexes whose worker has ended well, and how often the others' have not. */
  const outcomes = new Map<string, { readonly completed: number[]; readonly failures: Record<number, number> }>();
  const outcomeOf = ({ metadata: { uid } }: Job) => {
    const outcome = outcomes.get(uid) ?? { completed: [], failures: {} };
    outcomes.set(uid, outcome);
    return outcome;
  };

  const newPod = (job: Job, index: number): void => {
    const { name, namespace, uid } = job.metadata;
    const { metadata, spec } = job.spec.template;
    const labels = { ...metadata.labels, 'batch.kubernetes.io/job-name': name, 'job-name': name };
    server.put('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-${index}-${randomBytes(3).toString('hex').slice(0, 5)}`,
        namespace,
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: new Date().toISOString(),
        labels: { ...labels, 'batch.kubernetes.io/job-completion-index': String(index) },
        annotations: { 'batch.kubernetes.io/job-completion-index': String(index) },
        ownerReferences: [{ kind: 'Job', name, uid }],
      },
      spec: structuredClone(spec),
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
  };

  /** As the Job's podFailurePolicy has it; the first rule that fits counts. */
  const isIgnored = (job: Job, pod: Pod): boolean => {
    const exitCode = pod.status.containerStatuses?.[0]?.state.terminated?.exitCode;
    const rule = job.spec.podFailurePolicy.rules.find(
      ({ onPodConditions, onExitCodes }) =>
        onPodConditions?.some(({ type, status }) =>
          pod.status.conditions?.some((is) => is.type === type && is.status === status),
        ) === true ||
        (exitCode !== undefined && onExitCodes?.values.includes(exitCode) === true),
    );
    return rule?.action === 'Ignore';
  };

  const control = (job: Job): void => {
    const { completions, backoffLimitPerIndex } = job.spec;
    const own = server.list('pods').filter((pod) => pod.metadata.labels['job-name'] === job.metadata.name);
    const { completed, failures } = outcomeOf(job);
    const failed = (index: number): boolean => (failures[index] ?? 0) > backoffLimitPerIndex;
    const before = JSON.stringify(job.status);
    for (const pod of own.filter(({ status }) => ['Succeeded', 'Failed'].includes(status.phase))) {
      const { uid, annotations } = pod.metadata;
      if (counted.has(uid)) continue;
      counted.add(uid);
      const index = Number(annotations!['batch.kubernetes.io/job-completion-index']);
      if (pod.status.phase === 'Succeeded') completed.push(index);
      else if (!isIgnored(job, pod)) {
        failures[index] = (failures[index] ?? 0) + 1;
        notBefore.set(`${job.metadata.uid} ${index}`, Date.now() + backoffMs * 2 ** (failures[index] - 1));
      }
    }
    const indexes = Array.from({ length: completions }, (_, index) => index);
    for (const index of indexes) {
      if (completed.includes(index) || failed(index)) continue;
      const isThere = own.some(
        ({ metadata, status }) =>
          metadata.annotations!['batch.kubernetes.io/job-completion-index'] === String(index) &&
          !counted.has(metadata.uid) &&
          !['Succeeded', 'Failed'].includes(status.phase),
      );
      const waitMs = (notBefore.get(`${job.metadata.uid} ${index}`) ?? 0) - Date.now();
      if (isThere) continue;
      if (waitMs > 0) setTimeout(() => nodes.changed(), waitMs);
      else newPod(job, index);
    }
    const failedIndexes = indexes.filter(failed);
    job.status.completedIndexes = completed.sort((a, b) => a - b).join(',');
    if (failedIndexes.length > 0) job.status.failedIndexes = failedIndexes.join(',');
    if (completed.length + failedIndexes.length === completions)
      job.status.conditions = [{ type: failedIndexes.length > 0 ? 'Failed' : 'Complete', status: 'True' }];
    if (JSON.stringify(job.status) !== before) server.put('jobs', job);
  };

  const begin = (pod: Pod): void => {
    const { name, uid } = pod.metadata;
    const container = pod.spec.containers[0]!;
    const home = join(dir, uid);
    const folders = new Map<string, string>();
    for (const { name: mounted, mountPath } of container.volumeMounts) {
      const { secret } = pod.spec.volumes.find((volume) => volume.name === mounted)!;
      const data = secret && server.find('secrets', secret.secretName)?.stringData;
      // As a kubelet: until there is one.
      if (secret && data === undefined) return;
      folders.set(mountPath, join(home, mounted));
      mkdirSync(join(home, mounted), { recursive: true });
      for (const [key, value] of Object.entries(data ?? {})) writeFileSync(join(home, mounted, key), value);
    }
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      JOB_COMPLETION_INDEX: pod.metadata.annotations!['batch.kubernetes.io/job-completion-index']!,
    };
    // The limit of the container, or what the node has.
    for (const { name: variable, value, valueFrom } of container.env) env[variable] = valueFrom ? '1' : value;
    const args = container.args.map((arg) => {
      const expanded = arg.replaceAll(/\$\((\w+)\)/g, (_, variable: string) => env[variable] ?? '');
      const mount = [...folders.keys()].find((path) => expanded === path || expanded.startsWith(`${path}/`));
      return mount === undefined ? expanded : folders.get(mount)! + expanded.slice(mount.length);
    });
    const command = [...(apart && existsSync(hidden) ? without(hidden) : []), process.execPath, program, ...args];
    const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    processes.set(uid, child);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => appendFileSync(join(dir, name), chunk));
    pod.spec.nodeName = 'node-1';
    pod.status = {
      ...pod.status,
      phase: 'Running',
      containerStatuses: [{ name: container.name, state: { running: {} } }],
    };
    server.put('pods', pod);
    child.once('close', (code, signal) => {
      processes.delete(uid);
      const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
      const message = exitCode === 0 ? undefined : log(name).slice(-2048);
      const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', message };
      pod.status.phase = exitCode === 0 ? 'Succeeded' : 'Failed';
      pod.status.containerStatuses = [{ name: container.name, state: { terminated } }];
      if (server.find('pods', name)?.metadata.uid !== uid) return;
      server.put('pods', pod);
      // Once the controller has counted it.
      if (pod.metadata.deletionTimestamp !== undefined) setTimeout(() => server.remove('pods', name), 200);
    });
  };

  const log = (pod: string): string => (existsSync(join(dir, pod)) ? readFileSync(join(dir, pod), 'utf8') : '');
  const nodes = {
    changed: (): void => {
      for (const job of server.list('jobs')) control(job);
      for (const pod of server.list('pods'))
        if (pod.status.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined) begin(pod);
    },
    deletePod: (pod: Pod, graceSeconds: number): void => {
      const { name, uid } = pod.metadata;
      const child = processes.get(uid);
      if (graceSeconds === 0 || child === undefined) {
        child?.kill('SIGKILL');
        if (['Pending', 'Running'].includes(pod.status.phase)) pod.status.phase = 'Failed';
        const owner = server.find('jobs', pod.metadata.labels['job-name']!);
        if (owner !== undefined) control(owner);
        return server.remove('pods', name);
      }
      if (pod.metadata.deletionTimestamp !== undefined) return;
      pod.metadata.deletionTimestamp = new Date(Date.now() + graceSeconds * 1000).toISOString();
      server.put('pods', pod);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), graceSeconds * 1000).unref();
    },
  };
  server.nodes = nodes;
  return {
    server,
    env: { KUBECONFIG: join(dir, 'kubeconfig') },
    log,
    kill: (pod) => void processes.get(server.find('pods', pod)!.metadata.uid)!.kill('SIGKILL'),
    running: (role) =>
      server
        .list('pods')
        .filter(
          ({ metadata, status }) =>
            status.phase === 'Running' &&
            metadata.deletionTimestamp === undefined &&
            metadata.labels['app.kubernetes.io/component'] === role,
        ),
    close: async () => {
      server.nodes = { changed: () => {}, deletePod: () => {} };
      for (const child of processes.values()) child.kill('SIGKILL');
      await until('no pod runs', () => processes.size === 0);
      await server.shutDown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
