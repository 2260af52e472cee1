// `npm run gen:kernels`: compiles packages/data/assembly to WebAssembly and writes it, as text, beside its way in. The compiler
// is large and needed here alone, so it is fetched when it is wanted instead of with every install.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelSourceHash } from '../packages/data/dist/kernels/source-hash.js';

const assemblyScript = 'assemblyscript@0.28.20';
const folder = fileURLToPath(new URL('../packages/data/assembly/', import.meta.url));
const target = fileURLToPath(new URL('../packages/data/src/kernels/generated/wasm.ts', import.meta.url));
/** The files whose exports are the module's. */
const entries = ['color.ts', 'cells.ts', 'resample.ts', 'jpeg.ts', 'planes.ts', 'jpeg-decode.ts'];

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-kernels-'));
try {
  const wasm = join(dir, 'kernels.wasm');
  const flags = '-O3 --enable simd --runtime stub --noAssert --importMemory --noExportMemory'.split(' ');
  const sources = entries.map((name) => join(folder, name));
  const args = ['--yes', '--package', assemblyScript, '--', 'asc', ...sources, ...flags, '-o', wasm];
  const { status } = spawnSync('npx', args, { stdio: 'inherit', cwd: dir });
  if (status !== 0) throw new Error(`gen:kernels: ${assemblyScript} could not compile ${folder}`);
  const text = readFileSync(wasm).toString('base64');
  writeFileSync(
    target,
    [
      `// Written by \`npm run gen:kernels\` (${assemblyScript}); do not edit.`,
      '/** SHA-256 of the sources this was compiled from. */',
      `export const sourceHash = '${kernelSourceHash()}';`,
      'export const wasm = [',
      ...text.match(/.{1,120}/g).map((line) => `  '${line}',`),
      "].join('');",
      '',
    ].join('\n'),
  );
} finally {
  rmSync(dir, { recursive: true });
}
