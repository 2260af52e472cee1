// Hidden states that fit are stored once; without the room for them the same experiment gives the same table.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { program } from './story.test-util.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-encode-store-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const few = {
  'data.numTrain': 60,
  'data.numTest': 20,
  'data.numUnlabeled': 20,
  'data.numGeneric': 20,
  'pretrainSsl.steps': 3,
  'pretrainGeneric.steps': 3,
  'finetuneComment.steps': 3,
  'finetuneScore.steps': 3,
};

function run(store: string): Promise<{ readonly rows: unknown; readonly kinds: readonly string[] }> {
  const set = Object.entries({ ...few, 'encode.store': store }).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  // Without stored states two trainers share the steps of a stage.
  const trainers = store === 'none' ? '2' : '1';
  const args = [
    'run',
    'experiments/smoke.yaml',
    '--rows',
    'all',
    '--trainers',
    trainers,
    '--augmentors',
    '1',
    '--json',
  ];
  return new Promise((resolve, reject) => {
    const env = { ...process.env, CALM_ORCH_DIR: dir };
    const cwd = join(program, '../../../..');
    execFile(process.execPath, [program, ...args, ...set], { cwd, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      if (error !== null) return reject(new Error(stderr));
      const { run: runId, tables } = JSON.parse(stdout) as { run: string; tables: readonly { rows: unknown }[] };
      const tracker = openTracker(dir, { access: 'read' });
      const kinds = tracker.listRunStages(runId).map(({ kind }) => kind);
      tracker.close();
      resolve({ rows: tables[0]!.rows, kinds });
    });
  });
}

test('with encode.store=none nothing is encoded apart, and the table is that of stored hidden states', async () => {
  const none = await run('none');
  expect(none.kinds).not.toContain('encode');
  expect(none.kinds).toEqual(
    expect.arrayContaining(['pretrain-ssl', 'finetune-score', 'evaluate-comment', 'baselines']),
  );
  const all = await run('auto');
  expect(all.kinds.filter((kind) => kind === 'encode')).toHaveLength(3);
  expect(none.rows).toEqual(all.rows);
}, 600_000);
