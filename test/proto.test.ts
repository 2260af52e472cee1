// The generated code is that of proto/: what `npm run gen` would write is what is committed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const rpc = join(root, 'packages/rpc');
const bin = join(root, 'node_modules/.bin');
const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };

const filesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(dir.length), readFileSync(path, 'utf8')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

test('proto/ follows the style rules, and the committed code is what it generates', () => {
  execFileSync(join(bin, 'buf'), ['lint', join(root, 'proto')], { env });
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-proto-'));
  try {
    execFileSync(join(bin, 'buf'), ['generate', join(root, 'proto'), '--output', dir], { cwd: rpc, env });
    expect(filesOf(join(dir, 'src/generated'))).toEqual(filesOf(join(rpc, 'src/generated')));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
