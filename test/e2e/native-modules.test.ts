// An install in which npm left out compiled code: `npm ci --ignore-scripts`, `npm install --omit=optional`, a folder that
// was moved to another Node. The whole program runs in a copy whose packages are those of this checkout, but for one.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { repository } from '../rules/sources.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-broken-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const theirs = (name: string): string => join(repository, 'node_modules', name);
/** Also the packages that hold nothing else, such as @img/sharp-linux-x64. */
const isCompiled = (path: string): boolean =>
  /\.node$|\/bin\/esbuild$|\/@img\/sharp-[^/]+$|\/@esbuild\/[^/]+$/.test(path) ||
  ['build', 'deps', 'prebuilds'].includes(basename(path));

/** Packages with compiled code, and the folder in which their binaries are packages of their own. */
const natives = { 'better-sqlite3': 'better-sqlite3-13', sharp: '@img', esbuild: '@esbuild' } as const;
type Native = keyof typeof natives;

/** Links to all packages; of `broken` copies without compiled code. */
function install(...broken: readonly Native[]): void {
  mkdirSync(join(dir, 'node_modules', '@calm-orch'), { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const incomplete = new Set<string>(broken.flatMap((name) => [name, natives[name]]));
  for (const name of readdirSync(theirs('')).filter((each) => !/^\.|^@calm-orch$/.test(each))) {
    const here = join(dir, 'node_modules', name);
    if (incomplete.has(name)) cpSync(theirs(name), here, { recursive: true, filter: (path) => !isCompiled(path) });
    else symlinkSync(theirs(name), here);
  }
  for (const name of readdirSync(join(repository, 'packages')).filter((each) => !each.includes('.'))) {
    const parts = readdirSync(join(repository, 'packages', name)).filter((part) => part !== 'src');
    for (const part of parts)
      cpSync(join(repository, 'packages', name, part), join(dir, 'packages', name, part), {
        recursive: true,
        filter: (path) => !/\.(map|d\.ts)$|\/fixtures$/.test(path),
      });
    symlinkSync(join('..', '..', 'packages', name), join(dir, 'node_modules', '@calm-orch', name));
  }
  for (const name of ['experiments', 'ablations', 'assets']) symlinkSync(join(repository, name), join(dir, name));
}

function calmOrch(...args: string[]) {
  const program = join(dir, 'packages', 'cli', 'bin', 'calm-orch.js');
  const options = { cwd: dir, encoding: 'utf8', env: { ...process.env, CALM_ORCH_DIR: join(dir, 'runs') } } as const;
  return spawnSync(process.execPath, [program, ...args], options);
}

const commands: Readonly<Record<Native, RegExp>> = {
  'better-sqlite3': /npm (rebuild better-sqlite3|install --include=optional) --ignore-scripts=false/,
  sharp: /npm install --include=optional/,
  esbuild: /npm install --include=optional/,
};

for (const [module, command] of Object.entries(commands))
  test(`a run without the binary of ${module} ends with one sentence and the command that mends it`, () => {
    install(module as Native);
    const { status, stderr } = calmOrch('run', 'experiments/smoke.yaml');
    const sentence = `^calm-orch: ${module} has no binary for this machine \\(.*\\): run \`${command.source}.* in ${dir}$`;
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(new RegExp(sentence))]);
    expect(stderr).not.toContain('defect');
    expect(status).toBe(1);
  });

test('doctor names every binary that is missing, with its command', () => {
  install('better-sqlite3', 'sharp', 'esbuild');
  const { status, stdout } = calmOrch('doctor', '--json');
  const { missing } = JSON.parse(stdout) as { missing: { what: string }[] };
  expect(missing.filter(({ what }) => what in natives)).toEqual(
    Object.entries(commands).map(([module, command]) => ({
      what: module,
      why: expect.stringMatching(/^has no binary for this machine/),
      remedy: expect.stringMatching(command),
    })),
  );
  expect(status).toBe(1);
});
