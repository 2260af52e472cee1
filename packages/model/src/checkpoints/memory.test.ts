// A checkpoint of some hundred megabytes in a process of its own: its peak must be that of the float32 weights and one tensor.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-memory-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const [numTensors, rows, columns] = [12, 4096, 4096];
const tensorBytes = 2 * rows * columns;

/** bfloat16 zeros: 400 MB that the file system need not store. */
function writeSparse(path: string): void {
  const header = Object.fromEntries(
    Array.from({ length: numTensors }, (_, i) => [
      `model.layers.${i}.mlp.up_proj.weight`,
      { dtype: 'BF16', shape: [rows, columns], data_offsets: [i * tensorBytes, (i + 1) * tensorBytes] },
    ]),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  closeSync(openSync(path, 'w'));
  writeFileSync(path, Buffer.concat([length, json]));
  truncateSync(path, 8 + json.length + numTensors * tensorBytes);
}

/** Peak of a process that runs `body` with the built reader, bytes. */
function peakOf(body: string): number {
  const built = fileURLToPath(new URL('../../dist/checkpoints/open-checkpoint.js', import.meta.url));
  const program = `
    import { readFileSync } from 'node:fs';
    import { openCheckpoint } from ${JSON.stringify(built)};
    const open = () => openCheckpoint(${JSON.stringify(join(dir, 'model.safetensors'))});
    ${body}
    console.log(/VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`;
  const args = ['--expose-gc', '--input-type=module', '--eval', program];
  return 1024 * Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

it('of 400 MB in bfloat16 is loaded in the memory of its float32 weights and one tensor', ({ skip }) => {
  if (!existsSync('/proc/self/status')) {
    console.log('skipped: peaks are read from /proc, which this system lacks');
    skip();
  }
  writeSparse(join(dir, 'model.safetensors'));
  const target = numTensors * rows * columns * 4;
  const empty = peakOf('open().close();');
  // As the engine holds them: one buffer, filled tensor by tensor.
  const loaded = peakOf(`
    const all = new Float32Array(${target / 4}).fill(1);
    const file = open();
    file.keys.forEach((key, i) => { all.set(file.read(key).values, i * ${rows * columns}); gc(); });
    file.close();`);
  // One tensor as stored and as float32, each at most twice: collected only at the next.
  expect(loaded - empty).toBeLessThan(target + 2 * (tensorBytes + 2 * tensorBytes));
  // Looking at names and shapes takes nothing.
  expect(empty).toBeLessThan(200e6);
}, 60_000);
