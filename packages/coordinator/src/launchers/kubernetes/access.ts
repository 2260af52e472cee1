// Where a cluster's API server is and as whom it is called: the service account of a pod, or the current context of a
// kubeconfig file with a client certificate, a token, a file with a token, or a program that prints one (`exec`).
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { parse } from 'yaml';

/** What is shown to the server; any of it may be absent. */
export interface Credentials {
  readonly token?: string;
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
}

export interface KubeAccess {
  readonly server: URL;
  /** Of the context, or of this pod. */
  readonly namespace: string;
  /** What the server is checked by. */
  readonly trust: { readonly ca?: string; readonly servername?: string; readonly rejectUnauthorized?: boolean };
  /** As they are now. `isRefused`: those given last were not accepted. @throws CalmError `unauthenticated` */
  credentials(isRefused?: boolean): Promise<Credentials>;
}

interface Named {
  readonly name: string;
}
type Fields = Readonly<Record<string, unknown>>;
interface KubeConfig {
  readonly path: string;
  readonly 'current-context'?: string;
  readonly contexts?: readonly (Named & { readonly context: Fields })[];
  readonly clusters?: readonly (Named & { readonly cluster: Fields })[];
  readonly users?: readonly (Named & { readonly user: Fields })[];
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** As `kubectl` finds it: $KUBECONFIG, else ~/.kube/config; in a pod without either its service account. @throws CalmError `invalid_config` */
export function kubeAccess(env: NodeJS.ProcessEnv = process.env, account = accountFolder): KubeAccess {
  const named = env['KUBECONFIG']?.split(delimiter).filter((path) => path !== '') ?? [];
  const paths = named.length > 0 ? named : [join(env['HOME'] ?? homedir(), '.kube/config')];
  const found = paths.filter((path) => existsSync(path));
  if (found.length > 0) return ofContext(found.map(readConfig), env);
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (named.length === 0 && host !== undefined) return ofPod(host, env['KUBERNETES_SERVICE_PORT'] ?? '443', account);
  throw new CalmError(
    'invalid_config',
    `--launcher kubernetes: no cluster is known: ${paths.join(', ')} is not there, and this is no pod; name a kubeconfig file with KUBECONFIG`,
  );
}

function ofPod(host: string, port: string, folder: string): KubeAccess {
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch (error) {
      throw new CalmError(
        'invalid_config',
        `--launcher kubernetes: this pod has no service account: ${(error as Error).message}`,
        { cause: error },
      );
    }
  };
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    namespace: read('namespace'),
    trust: { ca: read('ca.crt') },
    // It is replaced long before it expires.
    credentials: () => Promise.resolve({ token: read('token') }),
  };
}

function readConfig(path: string): KubeConfig {
  try {
    return { ...(parse(readFileSync(path, 'utf8')) as KubeConfig), path };
  } catch (error) {
    throw new CalmError('invalid_config', `${path}: no kubeconfig file: ${(error as Error).message}`, { cause: error });
  }
}

/** Of several files the first that has a name counts. */
function ofContext(files: readonly KubeConfig[], env: NodeJS.ProcessEnv): KubeAccess {
  const paths = files.map(({ path }) => path).join(', ');
  const current = files.find((file) => file['current-context'])?.['current-context'];
  if (current === undefined)
    throw new CalmError('invalid_config', `${paths}: has no current-context; \`kubectl config use-context\` sets one`);
  const find = <T extends Named>(list: (file: KubeConfig) => readonly T[] | undefined, name: unknown, what: string) => {
    for (const file of files) {
      const entry = list(file)?.find((one) => one.name === name);
      if (entry !== undefined) return { entry, folder: dirname(resolve(file.path)) };
    }
    throw new CalmError(
      'invalid_config',
      `${paths}: context ${current} names ${what} ${String(name)}, which is not there`,
    );
  };
  const { context } = find((file) => file.contexts, current, 'a context').entry;
  const cluster = find((file) => file.clusters, context['cluster'], 'cluster');
  const user = find((file) => file.users, context['user'], 'user');
  const { server, 'tls-server-name': servername, 'insecure-skip-tls-verify': isUnchecked } = cluster.entry.cluster;
  const ca = dataOf(cluster.entry.cluster, 'certificate-authority', cluster.folder);
  if (typeof server !== 'string')
    throw new CalmError('invalid_config', `${paths}: cluster ${cluster.entry.name} has no server`);
  return {
    server: new URL(server),
    namespace: typeof context['namespace'] === 'string' ? context['namespace'] : 'default',
    trust: {
      ...(ca !== undefined && { ca }),
      ...(typeof servername === 'string' && { servername }),
      ...(isUnchecked === true && { rejectUnauthorized: false }),
    },
    credentials: credentialsOf(user.entry.user, user.folder, env),
  };
}

/** PEM: in the file itself (`NAME-data`, base64) or in another. */
function dataOf(fields: Fields, name: string, folder: string): string | undefined {
  const { [`${name}-data`]: data, [name]: path } = fields;
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString();
  return typeof path === 'string' ? readText(resolve(folder, path)) : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CalmError('invalid_config', `kubeconfig: ${(error as Error).message}`, { cause: error });
  }
}

function credentialsOf(user: Fields, folder: string, env: NodeJS.ProcessEnv): KubeAccess['credentials'] {
  const { exec, token, tokenFile } = user;
  if (exec !== undefined) return fromProgram(exec as Program, folder, env);
  const [cert, key] = [dataOf(user, 'client-certificate', folder), dataOf(user, 'client-key', folder)];
  return () =>
    Promise.resolve({
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(typeof tokenFile === 'string'
        ? { token: readText(resolve(folder, tokenFile)).trim() }
        : typeof token === 'string' && { token }),
    });
}

interface Program {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** What a program prints as ExecCredential (client.authentication.k8s.io) is good until it says, or until it is refused. */
function fromProgram(program: Program, folder: string, env: NodeJS.ProcessEnv): KubeAccess['credentials'] {
  const { apiVersion, command, args, env: own } = program;
  const path = command.includes('/') ? resolve(folder, command) : command;
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } });
  const variables = Object.fromEntries((own ?? []).map(({ name, value }) => [name, value]));
  const options = { env: { ...env, ...variables, KUBERNETES_EXEC_INFO: info }, timeout: 60_000 };
  let known: { readonly credentials: Credentials; readonly untilMs: number } | null = null;
  const ask = (): Promise<NonNullable<typeof known>> =>
    new Promise((settle, reject) => {
      const fail = (why: string, cause: unknown): void =>
        reject(new CalmError('unauthenticated', `kubeconfig: \`${command}\` gives no credentials: ${why}`, { cause }));
      execFile(path, [...(args ?? [])], options, (error, stdout, stderr) => {
        if (error !== null) return fail(stderr.trim().split('\n').at(-1) || error.message, error);
        try {
          const { status } = JSON.parse(stdout) as { readonly status: Readonly<Record<string, string>> };
          const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
          const credentials = { ...(token && { token }), ...(cert && { cert }), ...(key && { key }) };
          settle({
            credentials,
            untilMs: expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp),
          });
        } catch (thrown) {
          fail((thrown as Error).message, thrown);
        }
      });
    });
  return async (isRefused = false) => {
    if (known === null || isRefused || known.untilMs - Date.now() < 10_000) known = await ask();
    return known.credentials;
  };
}
