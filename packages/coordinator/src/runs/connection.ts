// Where a run's coordinator is reached, and the token its processes show: kept in the run folder while the run is under
// way, so that the next coordinator listens where living workers look, and trusts them.
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CalmError, makeFolder } from '@calm-orch/core';
import {
  listenAddress,
  serve,
  socketAddress,
  tokenGate,
  type Api,
  type Definition,
  type RunningServer,
} from '@calm-orch/rpc';
import type { Layout } from '../artifacts/layout.ts';
import type { ClusterBefore } from '../launchers/launchers.ts';

export interface RunConnection {
  /** As gRPC writes it. */
  readonly address: string;
  readonly token: string;
  /** Hash of the code and engine of the workers that were started with it. */
  readonly code: string;
  /** Where workers of other hosts reach it, over TLS: `host:port`. Absent: nowhere. */
  readonly hosts?: string;
  /** What starts its workers, and with which options. Absent: its coordinator. */
  readonly cluster?: ClusterBefore;
}

/** Null when no coordinator of the run was killed. */
export function readConnection(layout: Layout, runId: string): RunConnection | null {
  const path = layout.connection(runId);
  try {
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RunConnection) : null;
  } catch {
    // Cut off while it was written: then no worker was started.
    return null;
  }
}

/** What has started the workers of a run whose coordinator was killed; null: that coordinator. */
export const clusterBefore = (layout: Layout, runId: string): ClusterBefore | null =>
  readConnection(layout, runId)?.cluster ?? null;

/** Where workers of other hosts join the run; null: nowhere. */
export const hostsAddress = (layout: Layout, runId: string): string | null =>
  readConnection(layout, runId)?.hosts ?? null;

export interface ServedRun {
  readonly server: RunningServer;
  readonly token: string;
  /** Closes the server; the run is over. */
  close(): Promise<void>;
  /** Closes it at once and leaves address and token to the next coordinator, which has them already. */
  leave(): Promise<void>;
}

export interface ServeRunOptions<D extends Definition> {
  readonly layout: Layout;
  readonly runId: string;
  /** `127.0.0.1:PORT` instead of a Unix socket. */
  readonly listen?: string;
  /** Of the coordinator before, whose workers live. */
  readonly before: RunConnection | null;
  readonly code: string;
  readonly hosts?: string;
  readonly cluster?: ClusterBefore;
  readonly name: string;
  readonly definition: D;
  readonly handlers: Api<D>;
}

/** Serves a run where its living workers look for it. @throws CalmError `unavailable` */
export async function serveRun<D extends Definition>(options: ServeRunOptions<D>): Promise<ServedRun> {
  const { layout, runId, listen, before, code, hosts, cluster, name, definition, handlers } = options;
  const isPort = before !== null && !before.address.startsWith('unix:');
  const own =
    isPort || listen !== undefined
      ? listenAddress(isPort ? before.address : listen!)
      : socketAddress(layout.dir, runId, before?.address);
  const token = before?.token ?? randomBytes(32).toString('hex');
  let server: RunningServer | undefined;
  const path = layout.connection(runId);
  try {
    server = await serve({ address: own.address, gate: tokenGate(token), name, definition, handlers });
    const more = { ...(hosts !== undefined && { hosts }), ...(cluster !== undefined && { cluster }) };
    writeConnection(path, { address: server.address, token, code, ...more });
    const running = server;
    return {
      server,
      token,
      close: async () => {
        await running.close();
        own.remove();
        rmSync(path, { force: true });
      },
      leave: () => closeKeeping(running),
    };
  } catch (error) {
    await server?.close(0);
    own.remove();
    if (isPort && error instanceof CalmError)
      throw new CalmError(
        error.code,
        `${error.message}; the workers of run ${runId} look for it there: wait until they have given up, a minute`,
        { cause: error },
      );
    throw error;
  }
}

/** Closing a Unix socket removes its path, whoever listens there by now: a second name keeps what is the other's. */
async function closeKeeping(server: RunningServer): Promise<void> {
  const path = server.address.replace(/^unix:/, '');
  const isKept = path !== server.address && existsSync(path);
  if (isKept) linkSync(path, `${path}~`);
  // As with any connection that is cut callers connect again, and find the other.
  server.cut();
  await server.close();
  if (isKept) renameSync(`${path}~`, path);
}

/** Others must not read the token: it goes into a new file, not into one, or through a link, that somebody has put there. */
function writeConnection(path: string, connection: RunConnection): void {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, JSON.stringify(connection), { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}
