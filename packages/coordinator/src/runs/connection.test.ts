import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoordinatorServiceService } from '@calm-orch/rpc';
import { expect, test } from 'vitest';
import { readConnection, serveRun } from './connection.ts';
import { layoutOf } from '../artifacts/layout.ts';

test('writes the token into a new file, not through a link that lies in its place', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-connection-'));
  try {
    const layout = layoutOf(dir);
    const path = layout.connection('run-1');
    const theirs = join(dir, 'theirs');
    writeFileSync(theirs, 'nothing', { mode: 0o666 });
    mkdirSync(join(dir, 'connections'));
    symlinkSync(theirs, path);
    const served = await serveRun({
      layout,
      runId: 'run-1',
      before: null,
      code: 'c',
      name: 'calm.v1.CoordinatorService',
      definition: CoordinatorServiceService,
      handlers: {} as never,
    });
    expect(readFileSync(theirs, 'utf8')).toBe('nothing');
    expect(lstatSync(path).isFile()).toBe(true);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(readConnection(layout, 'run-1')).toMatchObject({ token: served.token, code: 'c' });
    await served.close();
    expect(readdirSync(join(dir, 'connections'))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
