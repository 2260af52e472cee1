// `npm run parity` as a user calls it: on folders laid out like the carried ones, which the model's own tests hold to their
// references, and on one that is none.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { readSafetensors, writeSafetensors } from '@calm-orch/model';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const parity = (...args: string[]) =>
  spawnSync(process.execPath, [path('scripts/parity.js'), ...args], { encoding: 'utf8' });

/** A copy of a carried folder, packed as it lies there. */
function copyOf(name: 'tiny-calm' | 'tiny-gqa'): string {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-parity-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  cpSync(path(`packages/model/fixtures/${name}`), dir, { recursive: true });
  return dir;
}

interface Checks {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly maxAbsError: number | null }[];
}

function failedChecks(dir: string): string[] {
  const { status, stdout } = parity(dir, '--json');
  const { ok, checks } = JSON.parse(stdout) as Checks;
  expect([status, ok]).toEqual([1, false]);
  // What was not disturbed passes, by numbers that are computed: none is exactly the reference's.
  expect(checks.some((check) => check.ok && check.maxAbsError! > 0)).toBe(true);
  return checks.filter((check) => !check.ok).map(({ name }) => name);
}

it('parity finds single wrong values, gradients of another sign and weights that moved otherwise, among all others', () => {
  const dir = copyOf('tiny-gqa');
  const packed = join(dir, 'whole.safetensors.gz');
  const unpacked = join(dir, 'unpacked');
  writeFileSync(unpacked, gunzipSync(readFileSync(packed)));
  const whole = readSafetensors(unpacked);
  // The second value of each is in no sample; norms and sums of the reference stay what they are.
  whole['hiddenStates.1']!.values[1]! += 1e-3;
  whole['levels.thematic']!.values[1]! += 1e-3;
  const gradient = whole['gradients.llm.model.layers.1.self_attn.v_proj.weight']!.values;
  gradient.forEach((x, i) => (gradient[i] = -x));
  whole['pretrainTrajectory.mfam.thematic.weight']!.values[1]! += 1e-3;
  whole['finetuneTrajectory.llm.model.layers.0.self_attn.v_proj.weight']!.values[1]! += 1e-3;
  writeSafetensors(unpacked, whole);
  writeFileSync(packed, gzipSync(readFileSync(unpacked)));
  expect(failedChecks(dir)).toEqual(['hiddenStates', 'levels', 'gradients', 'pretrainWeights', 'finetuneWeights']);
});

it('parity says what is missing in a folder that has no references', () => {
  const { status, stderr } = parity(path('docs'));
  expect(status).toBe(2);
  expect(stderr).toContain('golden.json: is not there');
});
