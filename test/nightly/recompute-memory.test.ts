// What train.recompute is for: the peak memory of a training step, of processes that do nothing else.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const bench = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

it.skipIf(process.platform !== 'linux')('layers computed again save most of what a sample adds to the peak', () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-bench-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const config = join(dir, 'deep.json');
  const nano = JSON.parse(readFileSync(bench('nano.json'), 'utf8')) as Record<string, number>;
  writeFileSync(config, JSON.stringify({ ...nano, llmLayers: 12, qformerLayers: 1, vocab: 64 }));
  const [none, layers] = ['none', 'layers'].map((recompute) => {
    const args = ['memory', '--config', config, '--batches', '2,8', '--recompute', recompute, '--json'];
    const { stdout } = spawnSync(process.execPath, [bench('main.js'), ...args], { encoding: 'utf8' });
    return (JSON.parse(stdout) as { measuredBytesPerSample: number }).measuredBytesPerSample;
  });
  console.log(`a sample adds ${none} bytes to the peak, with layers computed again ${layers}`);
  expect(none!).toBeGreaterThan(10e6);
  expect(layers!).toBeLessThan(none! / 2);
});
