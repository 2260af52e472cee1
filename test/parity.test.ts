// `npm run parity` as a user calls it: on a carried folder, packed as it lies there, and on one that is none.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const parity = (...args: string[]) =>
  spawnSync(process.execPath, [path('scripts/parity.js'), ...args], { encoding: 'utf8' });

it('parity holds a carried model to its references and prints every check', () => {
  const { status, stdout } = parity(path('packages/model/fixtures/tiny-gqa'), '--json');
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { ok: boolean; maxAbsError: number }[] };
  expect(checks).toHaveLength(10);
  expect([status, ok, checks.every((check) => check.ok)]).toEqual([0, true, true]);
  expect(checks.some(({ maxAbsError }) => maxAbsError > 0)).toBe(true);
});

it('parity says what is missing in a folder that has no references', () => {
  const { status, stderr } = parity(path('docs'));
  expect(status).toBe(2);
  expect(stderr).toContain('golden.json: is not there');
});
