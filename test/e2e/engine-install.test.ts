// The engine install as it goes wrong: tools missing, cut short, started twice, no network. Each story has its own
// cache folder. The WebAssembly engine stands in where the story is about installing as such, since it is small.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor, engineDir, ensureEngine, findEngine, installEngine, renderDoctor } from '@calm-orch/engine';

const program = fileURLToPath(new URL('../../packages/cli/bin/calm-orch.js', import.meta.url));
/** A number no process has. */
const deadPid = 2 ** 22 + 1;

/** A machine without pip and compiler, on which tfjs-node's publisher cannot be reached. */
const bareEnvironment = { HOME: homedir(), PATH: '', TFJS_NODE_BASE_URI: 'http://127.0.0.1:9/' };

let cacheDir: string;
let lines: string[];
const log = (line: string): number => lines.push(line);

beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'calm-orch-engine-'));
  lines = [];
});

afterEach(() => {
  rmSync(cacheDir, { recursive: true, force: true });
});

const engineFolders = (): string[] => readdirSync(join(cacheDir, 'engine'));

describe('the engine install', () => {
  it('falls back to WebAssembly and says so where pip and a compiler are missing', { timeout: 180_000 }, async () => {
    const { marker } = await installEngine({ cacheDir, env: bareEnvironment, log });
    expect(marker).toMatchObject({ backend: 'wasm', facts: { pip: false, compiler: false } });
    expect(lines.filter((line) => line.includes('six times slower'))).toEqual([
      expect.stringMatching(/pip and a C\+\+ compiler not found.*apt-get install python3-pip g\+\+.*calm-orch doctor/),
    ]);
    expect(engineFolders()).toEqual([expect.stringMatching(/^wasm-/)]);

    const report = await doctor({ cacheDir, env: bareEnvironment });
    expect(report).toMatchObject({ engine: { backend: 'wasm', version: marker.version }, gflops: expect.any(Number) });
    expect(report.missing[0]).toMatchObject({ what: expect.stringMatching(/^TensorFlow/), remedy: expect.any(String) });
    expect(renderDoctor(report)).toMatch(
      /missing +TensorFlow .*pip and a C\+\+ compiler not found\n +remedy: install pip/,
    );
  });

  it('does again, once, what was cut short, however many ask for it', { timeout: 120_000 }, async () => {
    const root = join(cacheDir, 'engine');
    const target = engineDir(cacheDir, { variant: 'wasm', source: 'none' });
    mkdirSync(join(root, `.installing-${String(deadPid)}-0`), { recursive: true });
    writeFileSync(join(root, 'install.lock'), JSON.stringify({ pid: deadPid, host: hostname() }));
    mkdirSync(join(target, 'node_modules'), { recursive: true });

    const install = () => ensureEngine({ cacheDir, backend: 'wasm', log });
    const [first, second] = await Promise.all([install(), install()]);
    expect([first.dir, second.dir]).toEqual([target, target]);
    expect(engineFolders()).toHaveLength(1);
    expect(lines.filter((line) => line.includes('verified'))).toHaveLength(1);
    expect(lines).toContain(`engine: process ${String(process.pid)} is installing it; waiting`);

    const offline = { ...bareEnvironment, npm_config_registry: 'http://127.0.0.1:9/' };
    expect(await ensureEngine({ cacheDir, backend: 'wasm', env: offline })).toEqual(first);

    truncateSync(join(first.dir, first.marker.files[0]!.path), 1_000);
    expect(findEngine(cacheDir)).toBeUndefined();
  });

  it('leaves nothing behind when it is stopped', async () => {
    const stop = new AbortController();
    const installing = ensureEngine({
      cacheDir,
      backend: 'wasm',
      signal: stop.signal,
      log: () => setTimeout(() => stop.abort(), 300),
    });
    await expect(installing).rejects.toThrow(/abort/i);
    expect(engineFolders()).toEqual([]);
  });

  it('says what is missing when there is nothing to install with', async () => {
    const env = { HOME: cacheDir, PATH: '', npm_config_registry: 'http://127.0.0.1:9/', npm_config_cache: cacheDir };
    const report = await doctor({ cacheDir, env: { ...env, npm_config_fetch_retries: '0' }, backend: 'wasm' });
    expect(report).toMatchObject({ engine: null, gflops: null, missing: [{ what: 'tfjs on WebAssembly' }] });
    expect(report.missing[0]!.remedy).toMatch(/reaches the network/);
  });

  it('asks for TensorFlow with CUDA, by its hash, where an NVIDIA driver is, and then for the one without', async () => {
    const bin = join(cacheDir, 'bin');
    mkdirSync(bin);
    const asked = join(cacheDir, 'asked');
    const tool = (name: string, script: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    tool('nvidia-smi', 'echo "NVIDIA A, 81559"');
    tool('g++', 'exit 1');
    // A pip whose index is out of reach: it notes what it is asked for.
    tool('pip3', `[ "$1" = --version ] && exit 0; echo "$@" >> ${asked}; echo "ERROR: no index" >&2; exit 1`);
    const npm = {
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_cache: cacheDir,
      npm_config_fetch_retries: '0',
    };
    const env = { ...bareEnvironment, ...npm, PATH: bin };
    await expect(installEngine({ cacheDir, env, log, backend: 'tensorflow' })).rejects.toThrow(
      /could not be installed/,
    );
    const files = readFileSync(asked, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1)!);
    expect(files.map((file) => /install\/(\w+)\/requirements-linux-x64\.txt$/.exec(file)?.[1])).toEqual(['gpu', 'cpu']);
    const [gpu, cpu] = files.map((file) => readFileSync(file, 'utf8'));
    expect(gpu).toMatch(/^tensorflow==2\.\d+\.\d+ --hash=sha256:[0-9a-f]{64}$/m);
    for (const library of ['cublas', 'cudnn', 'cusolver', 'nccl'])
      expect(gpu).toMatch(new RegExp(`^nvidia-${library}-cu12==[\\d.]+ --hash=sha256:`, 'm'));
    expect(cpu).toMatch(/^tensorflow-cpu==/m);
    expect(cpu).not.toMatch(/nvidia/);
    expect(lines.filter((line) => line.includes('4 GB with CUDA'))).toHaveLength(1);
  });

  it('brings TensorFlow onto this machine', { timeout: 900_000 }, async ({ skip }) => {
    if (process.env['CALM_ORCH_TEST_INSTALL'] !== '1') {
      console.log('full engine install not tried: it downloads 300 MB; CALM_ORCH_TEST_INSTALL=1 tries it');
      skip();
    }
    const { marker } = await installEngine({ cacheDir, log });
    expect(marker).toMatchObject({ backend: 'tensorflow', missing: [] });
    expect((await doctor({ cacheDir })).gflops).toBeGreaterThan(1);
  });
});

describe('calm-orch doctor', () => {
  it('prints engine, devices, cores, speed and what is missing as JSON', () => {
    const { status, stdout } = spawnSync(process.execPath, [program, 'doctor', '--json'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      engine: { backend: expect.stringMatching(/^(tensorflow|wasm)$/), version: expect.stringMatching(/^\d+\.\d+/) },
      devices: expect.arrayContaining([expect.objectContaining({ kind: 'cpu', name: expect.any(String) })]),
      cores: expect.any(Number),
      gflops: expect.any(Number),
      missing: expect.any(Array),
    });
  });

  it('says how to build where nothing is built', () => {
    const root = join(cacheDir, 'bin');
    mkdirSync(root);
    writeFileSync(join(cacheDir, 'package.json'), '{"type":"module"}');
    const copy = join(root, 'calm-orch.js');
    writeFileSync(copy, spawnSync('cat', [program]).stdout);
    expect(existsSync(copy)).toBe(true);
    const { status, stderr } = spawnSync(process.execPath, [copy], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/not built yet: run `npm install` \(or `npm run build`\)/);
  });
});
