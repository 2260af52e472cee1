// The process that decodes what somebody sent: which bytes it takes for a photograph, and that it leaves nothing.
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipelineOf } from '@calm-orch/datasets';
import { tryScript } from './run/worker-process.ts';
import type { TryMessage } from './try.ts';

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-try-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The first thing it says of these bytes. */
async function saidOf(bytes: Buffer): Promise<TryMessage> {
  const child = fork(tryScript, ['try'], {
    stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
    env: { ...process.env, TMPDIR: dir },
    cwd: dir,
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  try {
    return await new Promise<TryMessage>((resolve, reject) => {
      child.once('message', (message) => resolve(message as TryMessage));
      child.once('error', reject);
      child.once('close', () => reject(new Error('it said nothing')));
      child.send({ score: null, comment: null });
      child.stdin!.end(bytes);
    });
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}

const square = () =>
  pipelineOf({ data: Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => (i * 7) % 256), width: 48, height: 32 });

describe('bytes', () => {
  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('of %s are decoded', async (format) => {
    expect(await saidOf(await square().toFormat(format).toBuffer())).toEqual({ what: 'decoded' });
  });

  test.each([
    ['a drawing, which may name files', '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"/>'],
    ['a document', '%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'],
    ['a table', 'P3\n20 20\n255\n' + '1 2 3\n'.repeat(400)],
    ['text', 'no photograph'],
  ])('of %s are not', async (_, text) => {
    expect(await saidOf(Buffer.from(text))).toMatchObject({
      what: 'refused',
      code: 'invalid_argument',
      message: expect.stringContaining('it is none of JPEG, PNG, WebP, GIF, TIFF, AVIF'),
      reason: 'format',
    });
  });

  test('leave nothing where it works and where temporary files go', async () => {
    const photo = readFileSync(new URL('../../../assets/photos/aitzgorri.jpg', import.meta.url));
    expect(await saidOf(photo)).toEqual({ what: 'decoded' });
    expect(readdirSync(dir)).toEqual([]);
  });
});
