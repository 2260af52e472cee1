// A process that trains must not fill up: `npm run bench -- steady` in a process of its own (docs/numerics.md has figures).
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bench = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

interface Report {
  readonly growth: number;
  readonly readings: readonly { readonly step: number; readonly numTensors: number; readonly numHandles: number }[];
}

it.skipIf(process.platform !== 'linux')('1,000 steps add less than 2 % of resident memory and no tensor', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [bench, 'steady', '--json']);
  const { growth, readings } = JSON.parse(stdout) as Report;
  expect(readings.map(({ step }) => step).at(-1)).toBe(1050);
  expect(growth, stdout).toBeLessThan(0.02);
  for (const name of ['numTensors', 'numHandles'] as const)
    expect(new Set(readings.map((reading) => reading[name])).size, stdout).toBe(1);
});
