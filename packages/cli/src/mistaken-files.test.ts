// A file given on the command line that is a Git LFS pointer or a saved page: one sentence says so, with the remedy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { mistakenContents } from '../../core/src/files/mistaken-file.test-util.ts';
import { calmOrch } from './calm-orch.test-util.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-mistaken-'));
  openTracker(join(dir, 'runs')).close();
  writeFileSync(join(dir, 'rows.yaml'), 'rows:\n  - row: a\n');
  writeFileSync(join(dir, 'table.yaml'), 'ablation: bad.yaml\n');
  writeFileSync(join(dir, 'data.yaml'), 'AVA: .\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(mistakenContents)('%s', (_what, content, remedy) => {
  test.each([
    ['an experiment', ['show', '--config', 'bad.yaml']],
    ['an ablation', ['show', '--config', 'table.yaml']],
    ['a data file', ['show', '--config', 'rows.yaml', '--data', 'bad.yaml']],
    ['a checkpoint', ['plan', 'rows.yaml', '--set', 'foundation.checkpoint=bad.yaml', '--gflops', '1']],
    ['captions', ['metrics', 'captions', 'bad.yaml']],
    ['predictions', ['import', 'bad.yaml', '--as', 'x']],
  ] as const)('in place of %s', async (_kind, args) => {
    writeFileSync(join(dir, 'bad.yaml'), content);
    const checkpoint = args.map((arg) => arg.replace('=bad.yaml', `=${join(dir, 'bad.yaml')}`));
    const { code, stdout, stderr } = await calmOrch(checkpoint, {
      cwd: dir,
      env: { CALM_ORCH_DIR: join(dir, 'runs') },
    });
    expect(stderr).toMatch(remedy);
    expect([code === 0, stdout, stderr.trimEnd().split('\n').length]).toEqual([false, '', 1]);
  });
});
