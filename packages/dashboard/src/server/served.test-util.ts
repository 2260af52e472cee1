// A server over a temporary run folder, and requests as any program may send them.
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import type { PageSources } from './sources.ts';
import { startPage, type Page, type PageOptions } from './start.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its members are what a test expects of them
  readonly json: any;
}

export interface Served {
  readonly dir: string;
  readonly page: Page;
  readonly port: number;
  /** The path is sent as it is, without what a browser would make of it. */
  ask(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Reply>;
  close(): Promise<void>;
}

export const noSources: PageSources = {
  tables: () => Promise.resolve([]),
  models: () => [],
  tryPhotograph: () => Promise.reject(new CalmError('unavailable', 'no model')),
  compare: () => Promise.reject(new CalmError('not_found', 'no runs to compare')),
  runWithTables: (tracker, name) => tracker.findRun(name),
  reasons: () => Promise.resolve({ ingredients: { kind: 'x' }, nearest: null, differences: [] }),
  photographs: {
    test: () => Promise.resolve([]),
    suggestions: () => Promise.resolve(null),
    pairs: () => Promise.resolve(null),
    picture: () => Promise.reject(new CalmError('not_found', 'no picture')),
  },
  audit: () => Promise.resolve({ ok: true, stages: [] }),
  logs: () => [],
};

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'calm-orch-page-'));

export async function serve(dir: string, options: Partial<PageOptions> = {}): Promise<Served> {
  const page = await startPage({ dir, sources: noSources, version: '0', port: 0, ...options });
  const port = Number(new URL(page.address).port);
  return {
    dir,
    page,
    port,
    ask: (path, headers = {}, method = 'GET') =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (reply) => {
          let text = '';
          reply.setEncoding('utf8');
          reply.on('data', (chunk: string) => (text += chunk));
          reply.on('end', () => {
            const isJson = reply.headers['content-type'] === 'application/json';
            resolve({
              status: reply.statusCode!,
              headers: reply.headers,
              text,
              json: isJson && text !== '' ? JSON.parse(text) : null,
            });
          });
        });
        asked.on('error', reject);
        asked.end();
      }),
    close: async () => {
      await page.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A run of one row and seed, whose one stage has succeeded. */
export function makeRun(tracker: Tracker): RunRecord {
  const trials = [{ row: 'all', seed: 0 }];
  return recordRun(tracker, {
    resolved: { table: { id: 't', title: 'T', metrics: ['PLCC'], footnotes: [] }, rows: [] },
    trials,
    stages: [{ key: 'k1', kind: 'evaluate-score', trials, metrics: { PLCC: 0.5 } }],
  });
}

export function writing<T>(dir: string, write: (tracker: Tracker) => T): T {
  const tracker = openTracker(dir);
  try {
    return write(tracker);
  } finally {
    tracker.close();
  }
}
