// An API server of Kubernetes, as far as the launcher calls one: objects with resource versions, list and watch, apply, delete,
// eviction, in the shapes that the API's reference gives. It notes every call. What runs the pods is nodes.test-util.ts.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';

interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; uid: string }[];
  };
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export interface Job extends KubeObject {
  spec: {
    completionMode: string;
    completions: number;
    backoffLimitPerIndex: number;
    podFailurePolicy: {
      rules: { action: string; onPodConditions?: Condition[]; onExitCodes?: { values: number[] } }[];
    };
    template: { metadata: { labels: Record<string, string> }; spec: Pod['spec'] };
  };
  status: {
    completedIndexes?: string;
    failedIndexes?: string;
    conditions?: Condition[];
  };
}

export interface Pod extends KubeObject {
  spec: {
    nodeName?: string;
    terminationGracePeriodSeconds: number;
    containers: {
      name: string;
      args: string[];
      env: { name: string; value?: string; valueFrom?: object }[];
      resources?: object;
      volumeMounts: { name: string; mountPath: string }[];
    }[];
    volumes: { name: string; secret?: { secretName: string } }[];
  };
  status: {
    phase: string;
    conditions?: Condition[];
    containerStatuses?: {
      name: string;
      state: {
        running?: object;
        waiting?: object;
        terminated?: { exitCode: number; reason: string; message?: string };
      };
    }[];
  };
}

export interface Secret extends KubeObject {
  stringData: Record<string, string>;
}

interface Objects {
  jobs: Job;
  pods: Pod;
  secrets: Secret;
}
type Resource = keyof Objects;

export interface NotedCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Change {
  readonly version: number;
  readonly resource: Resource;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** What the rest of a cluster does when it is told to. */
export interface Nodes {
  changed(): void;
  deletePod(pod: Pod, graceSeconds: number): void;
}

const token = 'a-token-of-a-user';

export class ApiServer {
  readonly calls: NotedCall[] = [];
  readonly #objects: { readonly [R in Resource]: Map<string, Objects[R]> } = {
    jobs: new Map(),
    pods: new Map(),
    secrets: new Map(),
  };
  #version = 1000;
  #history: Change[] = [];
  #forgottenUpTo = 1000;
  readonly #watchers = new Set<{
    readonly resource: Resource;
    readonly selector: string;
    readonly response: ServerResponse;
  }>();
  #server: Server | null = null;
  #port = 0;
  #certificate: { key: string; cert: string } | null = null;
  nodes: Nodes = { changed: () => {}, deletePod: () => {} };

  /** Where it was before, if it has been. */
  async listen(): Promise<void> {
    this.#certificate ??= await selfSigned();
    const server = createServer(this.#certificate, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Its objects stay, as they do in etcd; connections break off. */
  async shutDown(): Promise<void> {
    this.#watchers.clear();
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#server?.closeAllConnections();
    this.#server = null;
    await closed;
  }

  /** For KUBECONFIG. */
  get kubeconfig(): string {
    const ca = Buffer.from(this.#certificate!.cert).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'trial',
      contexts: [{ name: 'trial', context: { cluster: 'trial', user: 'me', namespace: 'team' } }],
      clusters: [
        { name: 'trial', cluster: { server: `https://127.0.0.1:${this.#port}`, 'certificate-authority-data': ca } },
      ],
      users: [{ name: 'me', user: { token } }],
    });
  }

  list<R extends Resource>(resource: R): Objects[R][] {
    return [...this.#objects[resource].values()];
  }

  find<R extends Resource>(resource: R, name: string): Objects[R] | undefined {
    return this.#objects[resource].get(name);
  }

  put<R extends Resource>(resource: R, object: Objects[R]): void {
    const { name } = object.metadata;
    const type = this.#objects[resource].has(name) ? 'MODIFIED' : 'ADDED';
    object.metadata.resourceVersion = String(++this.#version);
    this.#objects[resource].set(name, object);
    this.#tell({ version: this.#version, resource, type, object });
  }

  remove(resource: Resource, name: string): void {
    const object = this.find(resource, name);
    if (object === undefined) return;
    this.#objects[resource].delete(name);
    object.metadata.resourceVersion = String(++this.#version);
    this.#tell({ version: this.#version, resource, type: 'DELETED', object });
    const { uid } = object.metadata;
    const isOwned = ({ metadata }: KubeObject): boolean =>
      metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
    for (const pod of this.list('pods').filter(isOwned))
      this.nodes.deletePod(pod, pod.spec.terminationGracePeriodSeconds);
    for (const secret of this.list('secrets').filter(isOwned)) this.remove('secrets', secret.metadata.name);
  }

  /** What has happened so far is forgotten, as etcd does after some minutes: watches end with 410, and begin no more from there. */
  compact(): void {
    this.#history = [];
    this.#forgottenUpTo = this.#version;
    for (const { response } of this.#watchers) this.#expire(response, this.#version - 1);
    this.#watchers.clear();
  }

  /** As `kubectl drain` does it. */
  evict(name: string): void {
    const pod = this.find('pods', name)!;
    const [reason, message] = ['EvictionByEvictionAPI', 'Eviction API: evicting'];
    pod.status.conditions = [
      ...(pod.status.conditions ?? []),
      { type: 'DisruptionTarget', status: 'True', reason, message },
    ];
    this.put('pods', pod);
    this.nodes.deletePod(pod, pod.spec.terminationGracePeriodSeconds);
  }

  #tell(change: Change): void {
    // As it was now.
    const kept = { ...change, object: structuredClone(change.object) };
    this.#history.push(kept);
    for (const watcher of this.#watchers) send(watcher, kept);
    setImmediate(() => this.nodes.changed());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'https://server');
    const query = Object.fromEntries(url.searchParams);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '' } = request;
    this.calls.push({ method, path: url.pathname, query, body });
    const fail = (code: number, reason: string, message: string): void =>
      reply(response, code, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        reason,
        code,
      });
    if (request.headers.authorization !== `Bearer ${token}`) return fail(401, 'Unauthorized', 'Unauthorized');
    const match = /^\/(?:api\/v1|apis\/batch\/v1)\/namespaces\/team\/(jobs|pods|secrets)(?:\/([^/]+))?$/.exec(
      url.pathname,
    );
    if (match === null) return fail(403, 'Forbidden', `${url.pathname} is forbidden: User "me" cannot ${method} it`);
    const [, resource, name] = match as unknown as readonly [string, Resource, string | undefined];
    const selected = () => this.list(resource).filter((each) => fits(each, query['labelSelector']));
    if (method === 'GET' && query['watch'] !== undefined) return this.#watch(response, resource, query);
    if (method === 'GET')
      return reply(response, 200, {
        kind: 'List',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(this.#version) },
        items: selected(),
      });
    if (method === 'POST' || method === 'PATCH') {
      const given = JSON.parse(body) as Objects[Resource];
      const known = this.find(resource, given.metadata.name);
      if (method === 'POST' && known !== undefined)
        return fail(409, 'AlreadyExists', `${resource} "${given.metadata.name}" already exists`);
      const [uid, creationTimestamp] = [randomUUID(), new Date().toISOString()];
      const metadata = { ...(known?.metadata ?? { uid, creationTimestamp }), ...given.metadata };
      const object = { ...known, ...given, metadata, ...(resource === 'jobs' && { status: {} }) } as Objects[Resource];
      this.put(resource, object);
      return reply(response, known === undefined ? 201 : 200, object);
    }
    if (name === undefined) {
      const items = selected();
      for (const { metadata } of items) this.remove(resource, metadata.name);
      return reply(response, 200, { kind: 'List', apiVersion: 'v1', metadata: {}, items });
    }
    const object = this.find(resource, name);
    const options = JSON.parse(body || '{}') as { gracePeriodSeconds?: number; preconditions?: { uid: string } };
    if (object === undefined) return fail(404, 'NotFound', `${resource} "${name}" not found`);
    const wanted = options.preconditions?.uid ?? object.metadata.uid;
    if (wanted !== object.metadata.uid)
      return fail(
        409,
        'Conflict',
        `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${object.metadata.uid}`,
      );
    const pod = resource === 'pods' ? this.find(resource, name) : undefined;
    if (pod !== undefined)
      this.nodes.deletePod(pod, options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds);
    else this.remove(resource, name);
    return reply(response, 200, object);
  }

  #expire(response: ServerResponse, from: number): void {
    const message = `too old resource version: ${from} (${this.#version})`;
    const status = { status: 'Failure', message, reason: 'Expired', code: 410 };
    const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, ...status };
    response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
  }

  #watch(response: ServerResponse, resource: Resource, query: Readonly<Record<string, string>>): void {
    const from = Number(query['resourceVersion']);
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    if (from < this.#forgottenUpTo) return this.#expire(response, from);
    const watcher = { resource, selector: query['labelSelector'] ?? '', response };
    response.flushHeaders();
    for (const change of this.#history) if (change.version > from) send(watcher, change);
    this.#watchers.add(watcher);
    response.once('close', () => this.#watchers.delete(watcher));
  }
}

function send(
  { resource, selector, response }: { resource: Resource; selector: string; response: ServerResponse },
  change: Change,
): void {
  const { type, object } = change;
  if (change.resource === resource && fits(object, selector)) response.write(`${JSON.stringify({ type, object })}\n`);
}

const fits = ({ metadata: { labels } }: KubeObject, selector = ''): boolean =>
  selector.split(',').every((pair) => pair === '' || labels[pair.split('=')[0]!] === pair.split('=')[1]);

function reply(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** For 127.0.0.1, and for an hour. */
async function selfSigned(): Promise<{ key: string; cert: string }> {
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=a cluster',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    keys,
    signingAlgorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, cert: certificate.toString('pem') };
}
