// A run folder that an earlier version made (fixtures/run-folder-schema-8): the smoke experiment's row `all`, with what its
// evaluator left. tables.json is what that version printed.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite, openTracker } from '@calm-orch/tracker';
import { makeStory, type Story } from './story.test-util.ts';

const fixture = fileURLToPath(new URL('./fixtures/run-folder-schema-8/', import.meta.url));

let story: Story;
let dir: string;
beforeEach(() => {
  story = makeStory();
  dir = join(mkdtempSync(join(tmpdir(), 'calm-orch-older-')), 'runs');
  cpSync(fixture, dir, { recursive: true });
});
afterEach(async () => {
  await story.close();
  rmSync(join(dir, '..'), { recursive: true });
});

async function print(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await story.run([...args, '--dir', dir]);
  expect([args[0], code, stderr]).toEqual([args[0], 0, '']);
  return stdout;
}

test('workers it has recorded are listed with what was known of them', () => {
  const path = join(dir, 'calm-orch.db');
  const older = openSqlite(path);
  older.exec(`INSERT INTO workers (run_id, pid, started, role, position, instance)
    SELECT id, 4194303, 'long ago', 'trainer', 0, 'its name' FROM runs`);
  older.close();
  for (const access of ['read', 'write'] as const) {
    const tracker = openTracker(dir, { access });
    const known = { role: 'trainer', index: 0, pid: 4194303, instance: 'its name', numCores: null, engine: null };
    expect(tracker.listWorkers('smoke-1')).toMatchObject([known]);
    expect(tracker.livingWorkers('smoke-1')).toEqual([]);
    tracker.close();
  }
});

/** Its fields may be more by now, but none may be less or another. Intervals have other draws now, and notes other words. */
const changed = ['interval', 'footnotes', 'verdicts'];
const printed = JSON.parse(readFileSync(join(fixture, 'tables.json'), 'utf8'), (key, value: unknown) =>
  changed.includes(key) ? undefined : value,
) as object[];

test('the reading commands read it, print the same numbers, and leave it as it is', async () => {
  const before = readFileSync(join(dir, 'calm-orch.db'));
  expect(JSON.parse(await print('tables', '--format', 'json'))).toMatchObject(printed);
  expect(await print('runs')).toMatch(/smoke-1 +succeeded/);
  expect(await print('show')).toMatch(/finetune-score +executed/);
  expect(await print('show', '--config')).toContain('numTrain: 240');
  expect(await print('explain')).toContain('evaluate-score');
  expect(await print('audit')).toMatch(/exactly once/);
  expect(readFileSync(join(dir, 'calm-orch.db')).equals(before)).toBe(true);
});

test('once a command has written to it, it prints the same numbers still', async () => {
  await print('gc', '--dry-run');
  expect(JSON.parse(await print('tables', '--format', 'json'))).toMatchObject(printed);
});
