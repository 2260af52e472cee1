// The faults of breakable.ts, each in a process that was started as those of a disturbed run are.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { disturbedEnvironment } from './disturbed-environment.ts';
import { cutSignal, faultPaths } from './fault-paths.ts';

const built = (path: string): string =>
  JSON.stringify(new URL(`../../../${path.replace('/', '/dist/')}`, import.meta.url).href);

let dir: string;
// Its name must survive NODE_OPTIONS and a URL.
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch "broken" run? #1-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const command = (script: string): [string, string[]] => [process.execPath, ['--input-type=module', '-e', script]];

describe('a process of a disturbed run', () => {
  it('skips a checkpoint while the disk is full, keeps the one before, and saves again afterwards', () => {
    const { checkpoints, isFull } = faultPaths(dir);
    const folder = join(checkpoints, 'c0ffee');
    const script = `
      import { writeFileSync, rmSync } from 'node:fs';
      const { loadNewestCheckpoint } = await import(${built('trainer/training/checkpoint.js')});
      const { createCheckpointWriter } = await import(${built('trainer/training/checkpoint-writer.js')});
      const { writeFileAtomic } = await import(${built('core/index.js')});
      const { numbersOf } = await import(${built('model/index.js')});
      const ones = numbersOf([new Float32Array(1000).fill(1)]);
      const state = { weights: ones, firstMoment: ones, secondMoment: ones };
      const folder = ${JSON.stringify(folder)};
      const said = [];
      const writer = createCheckpointWriter(folder);
      const save = async (step) => said.push(await (await writer.begin({ step, state })).saved, loadNewestCheckpoint(folder)?.step);
      await save(1);
      writeFileSync(${JSON.stringify(isFull)}, '');
      await save(2);
      writeFileAtomic(${JSON.stringify(join(dir, 'elsewhere'))}, 'fits');
      rmSync(${JSON.stringify(isFull)});
      await save(3);
      await writer.close();
      console.log(JSON.stringify(said));`;
    const { stdout, stderr } = spawnSync(...command(script), {
      encoding: 'utf8',
      env: disturbedEnvironment(dir, undefined),
    });
    expect(stderr).toBe('no checkpoint at step 2: ENOSPC: no space left on device, write\n');
    expect(JSON.parse(stdout)).toEqual([true, 1, false, 1, true, 3]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(existsSync(join(dir, 'elsewhere'))).toBe(true);
  });

  it('loses the connections it has accepted, those of Unix sockets too, and goes on accepting', async () => {
    const socket = join(dir, 'socket');
    const script = `
      import { createServer } from 'node:net';
      createServer((connection) => connection.on('error', () => {}).write('hello')).listen(${JSON.stringify(socket)}, () => console.log('listens'));`;
    const child = spawn(...command(script), {
      env: disturbedEnvironment(dir, undefined),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const [first, second] = [await greeted(socket), await greeted(socket)];
      const closed = Promise.all([first, second].map((each) => new Promise((resolve) => each.once('close', resolve))));
      child.kill(cutSignal);
      await closed;
      (await greeted(socket)).destroy();
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('keeps the options of Node it would have had', () => {
    const env = disturbedEnvironment(dir, undefined, { ...process.env, NODE_OPTIONS: '--stack-trace-limit=3' });
    const { stdout } = spawnSync(...command('console.log(Error.stackTraceLimit)'), { encoding: 'utf8', env });
    expect(stdout).toBe('3\n');
  });
});

/** Connected, and served. */
async function greeted(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}
