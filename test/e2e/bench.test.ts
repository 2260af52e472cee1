// The measuring commands as a user calls them, as far as no measurement is needed, and the runner of peers.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const bench = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [bench('main.js'), ...args], { encoding: 'utf8' });

describe('bench', () => {
  it('prints its commands', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/step .*--python PY/);
  });

  it('names the commands there are when asked for another', () => {
    const { status, stderr } = run('leap');
    expect(status).toBe(2);
    expect(stderr).toMatch(/no command 'leap'; there is step/);
  });

  it.each([
    [['--config', '/nowhere.json'], /--config \/nowhere\.json: .*no such file/],
    [['--config', fileURLToPath(new URL('../../package.json', import.meta.url))], /'batch' must be a whole number/],
    [['--steps', 'many'], /--steps: expected a whole number from 1, got 'many'/],
    [['--speed'], /--speed/],
  ])('refuses %j before measuring anything', (args, message) => {
    const { status, stderr } = run('step', ...args);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describe('bench metrics', () => {
  it('measures as many items as it is told, and prints JSON', () => {
    const { status, stdout } = run('metrics', '--items', '50', '--rounds', '1', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ numItems: 50, peer: null, speedup: null });
  });

  it('refuses a number of items that is none', () => {
    const { status, stderr } = run('metrics', '--items', 'all');
    expect(status).toBe(1);
    expect(stderr).toMatch(/--items: expected a whole number from 2, got 'all'/);
  });
});

describe('bench readers', () => {
  it('measures the readers on label files of a share of their published sizes, and prints JSON', () => {
    const { status, stdout, stderr } = run(
      'readers',
      '--percent',
      '1',
      '--rounds',
      '1',
      '--only',
      'AVA,generic',
      '--json',
    );
    expect(status, stderr).toBe(0);
    const { results } = JSON.parse(stdout) as { results: { what: string; name: string; found: unknown }[] };
    expect(results.map(({ what, name }) => [what, name])).toEqual([
      ['identity, cold', 'AVA'],
      ['identity, warm', 'AVA'],
      ['catalogue', 'generic'],
    ]);
    expect(results[0]!.found).toEqual(results[1]!.found);
    expect(results[2]).toMatchObject({ found: { photographs: 6601 } });
  });

  it('refuses the name of nothing it reads', () => {
    expect(run('readers', '--only', 'AVA,photos').stderr).toMatch(/--only: expected some of AVA,.*, got 'photos'/);
  });
});

describe('bench tracker', () => {
  it('measures as many rows as it is told, finds each once, and prints JSON', () => {
    const sizes = ['--writers', '3', '--rows', '25', '--batch', '10', '--rounds', '2'];
    const { status, stdout, stderr } = run('tracker', ...sizes, '--json');
    expect(status, stderr).toBe(0);
    const { rowsPerSecond, ...report } = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ writers: 3, rows: 25, batch: 10, rounds: 2, peer: null });
    expect(rowsPerSecond).toBeGreaterThan(0);
  });
});

describe('bench page', () => {
  it('measures commands and queries on a folder of the size it is told, and prints JSON', () => {
    const sizes = ['--runs', '20', '--points', '2000', '--rounds', '1', '--live', '3', '--ticks', '2'];
    const { stdout, stderr } = run('page', ...sizes, '--json');
    const { measured, live, pointsOfCurve } = JSON.parse(stdout || stderr) as {
      measured: { name: string; ms: number }[];
      live: { bytes: number; bytesOfPoints: number };
      pointsOfCurve: number;
    };
    expect(live.bytesOfPoints).toBeGreaterThan(3 * '[[0,1]]'.length);
    expect(live.bytes).toBeGreaterThan(live.bytesOfPoints);
    expect(pointsOfCurve).toBeGreaterThan(1000);
    expect(measured.map(({ name }) => name)).toEqual(expect.arrayContaining(['runs', 'tables', 'a page of runs']));
    expect(measured.filter(({ ms }) => !(ms >= 0))).toEqual([]);
  });
});

describe('runPeer', () => {
  const peer = async (script: string): Promise<unknown> => {
    const { runPeer } = (await import(bench('peer.js'))) as {
      runPeer: (program: string, args: readonly string[]) => Promise<unknown>;
    };
    return runPeer(process.execPath, ['-e', script]);
  };

  it('reads the last line printed', async () => {
    expect(await peer(`console.log('warming up'); console.log('{"msPerStep":{"median":3}}')`)).toEqual({
      msPerStep: { median: 3 },
    });
  });

  it('says why a peer failed', async () => {
    await expect(peer(`console.error('no module torch'); process.exit(3)`)).rejects.toThrow(
      /exit code 3: no module torch/,
    );
    await expect(peer(`console.log('done')`)).rejects.toThrow(/printed no JSON line but 'done'/);
  });
});
