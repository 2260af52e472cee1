// `~` in every place where a user writes a path that no shell has looked at.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { calmOrch, type Ended } from '../calm-orch.test-util.ts';

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'calm-orch-home-'));
  openTracker(join(home, 'runs')).close();
  writeFileSync(join(home, 'x.yaml'), 'rows:\n  - row: a\n    set: { foundation.vision: ~/clip }\n');
  writeFileSync(join(home, 'scores.json'), '{"cases":[{"name":"a","predictions":[1,2,3],"targets":[1,2,4]}]}');
  writeFileSync(join(home, 'data.yaml'), 'AVA: ~/AVA\nEVA: "~"\n');
  mkdirSync(join(home, 'METEOR'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const atHome = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  calmOrch(args, { env: { HOME: home, CALM_ORCH_DIR: join(home, 'runs'), ...env }, cwd: home });

/** What an experiment resolves to, as JSON. */
async function resolved(...args: string[]): Promise<{
  readonly config: { foundation: object; data: object; evaluate: object };
  readonly rows: readonly { set: object }[];
}> {
  const { stdout, stderr } = await atHome(['show', '--config', '~/x.yaml', '--json', ...args]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Awaited<ReturnType<typeof resolved>>;
}

describe('a path that begins with ~/ is one in the home folder', () => {
  test('as the run folder, of the flag and of the environment', async () => {
    for (const args of [
      ['runs', '--json', '--dir=~/runs'],
      ['runs', '--json', '--dir', '~/runs'],
    ])
      expect(await atHome(args, { CALM_ORCH_DIR: '/nowhere' })).toMatchObject({ code: 0, stdout: '[]\n' });
    const named = await atHome(['runs'], { CALM_ORCH_DIR: '~/none' });
    expect(named.stdout).toContain(`No runs in ${join(home, 'none')} yet`);
  });

  test('in an experiment file, a row of it, a data file, --set and --meteor-dir', async () => {
    const { config, rows } = await resolved(
      ...['--data=~/data.yaml', '--meteor-dir=~/METEOR'],
      ...['--set', 'foundation.llm=~/vicuna', '--set', 'foundation.checkpoint=~/both'],
    );
    expect(rows[0]!.set).toEqual({ 'foundation.vision': join(home, 'clip') });
    expect(config).toMatchObject({
      data: { roots: { AVA: join(home, 'AVA'), EVA: home } },
      evaluate: { meteorDir: join(home, 'METEOR') },
      foundation: { llm: join(home, 'vicuna'), checkpoint: join(home, 'both') },
    });
    const embedded = await resolved('--set', 'data.unlabeledDir=~/photos');
    expect(embedded.config.data).toMatchObject({ unlabeledDir: join(home, 'photos') });
  });

  test('as the file of a command', async () => {
    expect(await atHome(['metrics', 'correlation', '~/scores.json', '--json'])).toMatchObject({ code: 0, stderr: '' });
    const missing = await atHome(['import', '~/none.csv', '--as', 'x']);
    expect(missing.stderr).toContain(join(home, 'none.csv'));
    const made = await atHome(['data', 'make', '~/made', '--size=20', '--json']);
    expect(made.stdout).toContain(join(home, 'made', 'data.yaml'));
  });
});

describe('what else begins with ~ is told, not taken as a name', () => {
  test('the home folder of another user', async () => {
    const said = /~ada\/x.*: the home folder of `ada` is not looked up; write the whole path/;
    writeFileSync(join(home, 'ada.yaml'), 'EVA: ~ada/x\n');
    for (const args of [
      ['runs', '--dir=~ada/x'],
      ['show', '--config', 'x.yaml', '--data=ada.yaml'],
      ['show', '--config', 'x.yaml', '--set', 'foundation.llm=~ada/x'],
      ['metrics', 'captions', '~ada/x'],
      ['data', 'make', '~ada/x'],
      ['import', '~ada/x', '--as', 'x'],
    ])
      expect(await atHome(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(said) as string });
  });

  test('a ~ that YAML reads as null', async () => {
    const set = await atHome(['show', '--config', 'x.yaml', '--set', 'data.unlabeledDir=~']);
    expect(set.stderr).toMatch(/--set data.unlabeledDir=~: to YAML a bare ~ is null; write null, or .*=~\/\n$/);
    writeFileSync(join(home, 'bare.yaml'), 'EVA: ~\n');
    const file = await atHome(['show', '--config', 'x.yaml', '--data', 'bare.yaml']);
    expect(file.stderr).toMatch(/bare.yaml:1:6: expected a folder, got nothing: write the home folder as ~\/ or "~"/);
  });

  test('a file that has such a name is that file', async () => {
    writeFileSync(join(home, '~x.yaml'), 'rows:\n  - row: a\n');
    expect(await atHome(['show', '--config', '~x.yaml'])).toMatchObject({ code: 0 });
  });
});
