// Real training, small: however many trainers, whoever is killed, the same weights, numbers and table.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditRun } from '@calm-orch/coordinator';
import { collectTable, openTracker, renderTables } from '@calm-orch/tracker';
import { until } from './story.test-util.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'packages/cli/bin/calm-orch.js');
const options = [
  ...['--rows', 'all', '--augmentors', '1', '--gang-min-left', '0'],
  ...['finetuneScore.steps=40', 'finetuneComment.steps=30', 'train.checkpointEverySeconds=1'].flatMap((set) => [
    '--set',
    set,
  ]),
];

let dir: string;
const children = new Set<ChildProcess>();
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-gangs-'))));
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

function start(
  folder: string,
  args: readonly string[],
): { child: ChildProcess; ended: Promise<number | null>; text: () => string } {
  const child = spawn(process.execPath, [program, ...args, '--dir', join(dir, folder)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)), text: () => text };
}

/** All a run leaves that must not depend on who computed it. */
function outcome(folder: string) {
  const tracker = openTracker(join(dir, folder), { create: false });
  try {
    const run = tracker.findRun();
    const stages = tracker.listRunStages(run.id);
    const audit = auditRun(tracker, run.id);
    const attempts = tracker.listAttempts(run.id);
    return {
      equal: {
        fingerprints: stages.map(({ kind, result }) => [kind, result?.fingerprint ?? null]),
        table: renderTables([collectTable(tracker, run)], 'text'),
        metrics: stages.map(({ key }) => tracker.listMetrics(key)),
      },
      audit,
      shared: audit.stages.filter(({ workers }) => workers.length > 1).length,
      attempts,
    };
  } finally {
    tracker.close();
  }
}

describe('a run with real training', { timeout: 900_000 }, () => {
  it('ends in the same weights, numbers and table with one trainer, three that gang up, and two that are killed', async () => {
    const one = start('one', ['run', 'experiments/smoke.yaml', ...options, '--trainers', '1']);
    expect(await one.ended, one.text()).toBe(0);
    const three = start('three', ['run', 'experiments/smoke.yaml', ...options, '--trainers', '3']);
    expect(await three.ended, three.text()).toBe(0);

    const killed = start('killed', ['run', 'experiments/smoke.yaml', ...options, '--trainers', '2']);
    const trainers = (): number[] => pidsOf(killed.child.pid!, /calm-orch trainer|compute trainer/);
    for (const stage of ['finetune-comment', 'finetune-score']) {
      await until(`${stage} is under way`, () => killed.text().includes(`${stage}: started`), 240_000);
      await until('there are trainers', () => trainers().length > 0);
      for (const pid of trainers()) process.kill(pid, 'SIGKILL');
    }
    expect(await killed.ended, killed.text()).toBe(0);

    const [first, ganged, disturbed] = ['one', 'three', 'killed'].map(outcome) as [Outcome, Outcome, Outcome];
    expect(first.equal.fingerprints.filter(([, fingerprint]) => fingerprint !== null)).toHaveLength(4);
    expect(ganged.equal).toEqual(first.equal);
    expect(disturbed.equal).toEqual(first.equal);
    expect(ganged.shared, 'stages computed by several trainers').toBeGreaterThan(0);
    expect(disturbed.attempts.some(({ status }) => status === 'lost')).toBe(true);
    for (const { audit } of [first, ganged, disturbed]) expect(audit.ok, JSON.stringify(audit)).toBe(true);
  });
});

type Outcome = ReturnType<typeof outcome>;

/** Processes below `parent` whose command line matches. */
function pidsOf(parent: number, pattern: RegExp): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const all = lines.map((line) => {
    const [, pid, ppid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
    return { pid: Number(pid), parent: Number(ppid), args: args! };
  });
  const below = (pid: number): typeof all =>
    all.filter((each) => each.parent === pid).flatMap((each) => [each, ...below(each.pid)]);
  return below(parent).flatMap(({ pid, args }) => (pattern.test(args) ? [pid] : []));
}
