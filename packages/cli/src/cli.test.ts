// The program as a user meets it: the built command in a child process.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../tracker/src/recorded-run.test-util.ts';

const bin = fileURLToPath(new URL('../bin/calm-orch.js', import.meta.url));

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-cli-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function calmOrch(args: readonly string[], env: Record<string, string> = {}, closeStdout = false): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, CALM_ORCH_DIR: dir, ...env } });
    let [stdout, stderr] = ['', ''];
    if (closeStdout) child.stdout.destroy();
    else child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function makeRun(): void {
  const tracker = openTracker(dir);
  const table = { id: 'table-5', title: 'Levels', metrics: ['PLCC'], footnotes: [] };
  const { id } = tracker.createRun({
    experiment: 'smoke',
    title: 'Smoke',
    path: '/x/smoke.yaml',
    hash: 'h',
    pid: process.pid,
    versions: {},
    machine: {},
    trials: [{ row: 'all', seed: 0 }],
    resolved: { table, rows: [{ row: 'all', set: {}, paper: { PLCC: 0.829 } }] },
  });
  tracker.endRun(id, 'cancelled');
  tracker.close();
}

test('the help names the commands for users, their options and examples, and hides the workers', async () => {
  const { code, stdout } = await calmOrch([]);
  expect(code).toBe(0);
  const names = [...stdout.matchAll(/^ {2}calm-orch (\w+)(?: [<[]|\s{2,}\S)/gm)].map(([, name]) => name);
  expect(names.slice(0, 7)).toEqual(['run', 'init', 'resume', 'attach', 'logs', 'stop', 'runs']);
  expect(stdout).toMatch(/Examples:/);
  expect(stdout).not.toMatch(/trainer <|compute/);
  const tables = await calmOrch(['tables', '--help']);
  expect(tables.stdout).toMatch(/--dir .*--format .*--json .*Examples:/s);
});

test('runs, tables and show print a run as JSON; the folder comes from --dir before CALM_ORCH_DIR', async () => {
  makeRun();
  const runs = await calmOrch(['runs', '--json']);
  expect(JSON.parse(runs.stdout)).toMatchObject([
    { run: 'smoke-1', status: 'cancelled', trials: [{ fingerprint: null }] },
  ]);
  const tables = await calmOrch(['tables', '--json', '--dir', dir], { CALM_ORCH_DIR: '/nowhere' });
  expect(JSON.parse(tables.stdout)).toEqual([
    {
      version: 2,
      experiment: 'smoke',
      table: 'table-5',
      baselines: [],
      footnotes: [],
      verdicts: [],
      rows: [
        { row: 'all', metrics: { PLCC: { mean: null, std: null, n: 0, values: [], paper: 0.829, difference: null } } },
      ],
    },
  ]);
  const show = await calmOrch(['show', 'smoke', '--json']);
  expect(JSON.parse(show.stdout)).toMatchObject({ run: 'smoke-1', trials: [{ row: 'all' }] });
});

test('without runs, `runs` says how to start one, and no folder is made', async () => {
  const nowhere = join(dir, 'nowhere');
  const runs = await calmOrch(['runs', '--dir', nowhere]);
  expect(runs).toMatchObject({ code: 0, stdout: expect.stringMatching(/No runs in .* yet: start one with/) as string });
  expect((await calmOrch(['runs', '--json', '--dir', nowhere])).stdout).toBe('[]\n');
  const tables = await calmOrch(['tables', '--dir', nowhere]);
  expect(tables).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^calm-orch: no runs in .*\n$/) as string,
  });
});

test('a mistyped option is told with the nearest, a word where a number belongs as it was typed', async () => {
  const said = async (...args: string[]) => (await calmOrch(args)).stderr;
  expect(await said('run', 'x.yaml', '--row', 'all')).toMatch(
    /^calm-orch: unknown argument: row; did you mean `--rows`\? /,
  );
  expect(await said('run', 'x.yaml', '--trainers=two')).toMatch(/--trainers: expected a number, got "two"\n$/);
  expect(await said('gc', '--keep', 'all')).toMatch(/--keep: expected a number, got "all"\n$/);
});

test('mistakes are one sentence on stderr with exit code 2', async () => {
  makeRun();
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await calmOrch(args);
    expect([code, stdout]).toEqual([2, '']);
    return stderr;
  };
  expect(await said('tabels')).toBe('calm-orch: unknown command `tabels`; did you mean `tables`?\n');
  expect(await said('tables', '--fromat', 'csv')).toMatch(
    /unknown argument: fromat; did you mean `--format`\? \(see `calm-orch tables --help`\)/,
  );
  expect(await said('tables', '--format', 'pdf')).toMatch(/--format: expected one of "text", .* got "pdf"/);
  expect(await said('run')).toMatch(/an argument is missing in `calm-orch run <experiment>`/);
  expect(await said('show', 'smoke-9')).toMatch(/no run or experiment `smoke-9`: the newest runs are smoke-1/);
});

test('an experiment file is shown resolved before it is run, or its mistakes with their place', async () => {
  const path = join(dir, 'x.yaml');
  writeFileSync(path, 'rows:\n  - row: a\n    set: { mfam.queries: 4 }\n');
  expect((await calmOrch(['show', '--config', path])).stdout).toMatch(
    /rows:\n {2}- row: a\n {4}set: \{ mfam.queries: 4 \}/,
  );
  const part = ['--rows', 'a', '--seeds', '3', '--set', 'mfam.queries=8'];
  writeFileSync(path, 'rows:\n  - row: a\n  - row: b\n');
  const shown = (await calmOrch(['show', '--config', path, ...part])).stdout;
  expect(shown).toMatch(/seeds: \[ ?3 ?\]/);
  expect(shown).toMatch(/queries: 8/);
  expect(shown).not.toMatch(/row: b/);
  const planned = await calmOrch(['plan', path, ...part, '--gflops', '1', '--json']);
  expect(JSON.parse(planned.stdout)).toMatchObject({ numTrials: 1 });
  expect((await calmOrch(['show', '--set', 'mfam.queries=8'])).stderr).toMatch(/--set: changes an experiment file/);
  writeFileSync(path, 'rowz:\n  - row: a\n');
  const { code, stderr } = await calmOrch(['show', '--config', path]);
  expect([code, stderr]).toEqual([2, `calm-orch: ${path}:1:1: unknown key \`rowz\`; did you mean \`rows\`?\n`]);
});

test('a plan of the sizes of the paper needs no checkpoint; a run does, and the plan says so', async () => {
  const plan = ['plan', 'experiments/scoring.yaml', '--preset', 'paper', '--gflops', '1', '--json', '--dir', dir];
  const { code, stdout, stderr } = await calmOrch(plan);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^A run would stop at once: foundation\.checkpoint: no /)]);
  const { numTrials, costs } = JSON.parse(stdout);
  expect([numTrials, costs.preset]).toEqual([6, 'paper']);
  expect(costs.exchange[0]).toMatchObject({ how: 'replicated', secondsPerStep: null });
  const timed = await calmOrch([...plan, '--link-gbps', '400', '--disk-gbs', '2']);
  const { exchange, checkpoint } = JSON.parse(timed.stdout).costs;
  // Of 8 trainers each receives the sums of seven others, or seven eighths of the sums and of the weights.
  for (const [i, copies] of [7, 7 / 4].entries())
    expect([exchange[i].bytesPerStep, exchange[i].secondsPerStep]).toEqual([
      expect.closeTo((copies * checkpoint.bytes) / 3, 0),
      expect.closeTo((copies * checkpoint.bytes) / 3 / 50e9, 9),
    ]);
  expect(checkpoint.seconds).toBeCloseTo(checkpoint.bytes / 2e9, 9);
  const named = await calmOrch([...plan, '--set', 'foundation.vision=nowhere']);
  expect([named.code, named.stderr]).toEqual([
    2,
    expect.stringMatching(/^calm-orch: foundation\.checkpoint: no checkpoint at /),
  ]);
});

test('what the system refuses has its remedy, and is called no defect', async () => {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  const plan = ['plan', 'experiments/smoke.yaml', '--gflops', '1'];
  const refused = await calmOrch(plan, { XDG_CACHE_HOME: file });
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/^calm-orch: ENOTDIR: .*: give yourself the right to it, or name another folder \(.*\)\n$/),
  ]);
  const homeless = await calmOrch(plan, { XDG_CACHE_HOME: '', HOME: 'nowhere' });
  expect([homeless.code, homeless.stderr]).toEqual([
    1,
    'calm-orch: there is no home folder to keep the engine in: set HOME or XDG_CACHE_HOME\n',
  ]);
});

test('a reader that leaves early does no harm, and the stack is shown on demand only', async () => {
  makeRun();
  expect(await calmOrch(['show', '--json'], {}, true)).toMatchObject({ code: 0, stderr: '' });
  const { stderr } = await calmOrch(['show', 'nope'], { CALM_ORCH_DEBUG: '1' });
  expect(stderr).toMatch(/^CalmError: .*\n +at /s);
});

test('no colours and no control characters are printed to a pipe', async () => {
  makeRun();
  for (const args of [['runs'], ['show'], ['tables']]) {
    const { code, stdout } = await calmOrch(args);
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
  }
});

test('prints its version', async () => {
  expect((await calmOrch(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('metrics scores files of captions and of predictions', async () => {
  const captions = join(dir, 'captions.json');
  const items = [
    { id: 'a', references: ['a dark photo of a house', 'the house is dark'], candidate: 'a dark house' },
    { id: 7, references: ['a bright red flower'], candidate: 'a bright red flower' },
  ];
  writeFileSync(captions, JSON.stringify({ items }));
  const scored = await calmOrch(['metrics', 'captions', captions, '--json']);
  expect(scored.stderr).toBe('');
  const { corpus, perItem } = JSON.parse(scored.stdout) as Record<string, Record<string, Record<string, number>>>;
  expect(Object.keys(corpus!).sort()).toEqual(['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'CIDEr', 'METEOR', 'ROUGE-L']);
  expect(perItem!['7']!['BLEU-4']).toBeCloseTo(1);
  expect(perItem!['7']!['METEOR']).toBeGreaterThan(perItem!['a']!['METEOR']!);
  expect((await calmOrch(['metrics', 'captions', captions])).stdout).toContain('METEOR (exact, stem)');

  const scores = join(dir, 'scores.json');
  const cases = [
    { name: 'up', predictions: [1, 2, 3], targets: [2, 4, 7] },
    { name: 'constant', predictions: [1, 1, 1], targets: [2, 4, 7] },
  ];
  writeFileSync(scores, JSON.stringify({ cases }));
  const correlated = JSON.parse((await calmOrch(['metrics', 'correlation', scores, '--json'])).stdout) as unknown;
  expect(correlated).toMatchObject({
    cases: [
      { name: 'up', srcc: expect.closeTo(1) as number },
      { name: 'constant', plcc: null, srcc: null },
    ],
  });

  writeFileSync(scores, JSON.stringify({ cases: [{ name: 'x', predictions: [1], targets: [1, 2] }] }));
  const uneven = await calmOrch(['metrics', 'correlation', scores]);
  expect(uneven.code).toBe(1);
  expect(uneven.stderr).toContain('scores.json: cases[0]: predictions and targets must have the same length');
  const missing = await calmOrch(['metrics', 'captions', join(dir, 'none.json')]);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain('none.json cannot be read');
});

test('score, comment and suggest say what to run where no full model is trained', async () => {
  for (const command of ['score', 'comment', 'suggest']) {
    const { code, stdout, stderr } = await calmOrch([command, 'x.jpg']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/no trained full model: train one with `calm-orch run .*--rows all --seeds 0`/);
  }
});

test('runs lists those of a status, and no more than asked for', async () => {
  for (let i = 0; i < 3; i++) makeRun();
  const listed = async (...args: string[]) =>
    (JSON.parse((await calmOrch(['runs', '--json', ...args])).stdout) as { run: string }[]).map(({ run }) => run);
  expect(await listed('--status', 'cancelled', '--limit', '2')).toEqual(['smoke-3', 'smoke-2']);
  expect(await listed('--status', 'running')).toEqual([]);
});

test('rm removes a run that has ended, and asks first', async () => {
  for (let i = 0; i < 2; i++) makeRun();
  const unasked = await calmOrch(['rm', 'smoke-1']);
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('say `calm-orch rm smoke-1 --yes`')]);
  expect((await calmOrch(['rm', 'smoke-1', '--dry-run'])).stdout).toMatch(/^Would free 0.0 MiB in 0 folders/);
  expect((await calmOrch(['rm', 'smoke-1', '-y'])).stdout).toMatch(/Removed run smoke-1\.\n$/);
  expect((await calmOrch(['runs'])).stdout).not.toContain('smoke-1');
  const again = await calmOrch(['rm', 'smoke-1', '-y']);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('the newest runs are smoke-2')]);
});

test('score names the rows and seeds that are trained where the wanted one is not', async () => {
  const tracker = openTracker(dir);
  const trials = [1, 0].map((seed) => ({ row: 'thematic', seed }));
  const stages = trials.map((trial) => ({
    key: `k${trial.seed}`,
    kind: 'finetune-score' as const,
    trials: [trial],
    metrics: {},
  }));
  recordRun(tracker, { resolved: {}, trials, stages });
  tracker.close();
  const { code, stderr } = await calmOrch(['score', 'x.jpg', '--row', 'thematc']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('no trained model of row `thematc`; trained are thematic (seed 0, 1) (--row, --seed)'),
  ]);
  expect((await calmOrch(['score', 'x.jpg', '--row', 'thematic', '--seed', '2'])).stderr).toContain('with seed 2');
  expect((await calmOrch(['score', 'x.jpg', '--seed', 'two'])).code).toBe(2);
});

test('logs, attach and stop say what is missing, and which processes there could be', async () => {
  makeRun();
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await calmOrch(args);
    expect([code, stdout]).toEqual([2, '']);
    return stderr;
  };
  expect(await said('logs')).toMatch(
    /run smoke-1 has no logs: it started no process, or `calm-orch gc` has freed them/,
  );
  expect(await said('logs', '--worker', 'trianer-0')).toMatch(/--worker: expected trainer-N, .* got "trianer-0"/);
  expect(await said('stop')).toMatch(/no run is at work/);
  expect(await said('attach', 'smoke')).toMatch(/run smoke-1 is not at work: it is cancelled/);
});

test.skipIf(!existsSync('/dev/full'))('what cannot be printed is told on stderr, with exit code 1', async () => {
  makeRun();
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [bin, 'runs'], {
    env: { ...process.env, CALM_ORCH_DIR: dir },
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  let stderr = '';
  child.stderr!.on('data', (chunk) => (stderr += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^calm-orch: standard output cannot be written, .*ENOSPC/)]);
});
