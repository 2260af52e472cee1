// Runs at the end of `npm install`, in a clone and in an installed package: builds the packages and the page where TypeScript
// is there, then puts the engine into the user's cache. A missing engine never fails the install: `calm-orch run` and `calm-orch doctor` finish it later.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const engine = join(root, 'node_modules', '@calm-orch', 'engine', 'dist', 'index.js');

if (existsSync(compiler)) {
  const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
  const bundle = (name) => run(join(root, 'scripts', `build-${name}.js`));
  if (!run(compiler, '-b') || !bundle('page') || !bundle('program')) {
    console.error('calm-orch: the build failed; `npm run build` repeats it.');
    process.exitCode = 1;
  }
}

if (process.env.CALM_ORCH_SKIP_ENGINE === '1') {
  console.log('engine: not installed now (CALM_ORCH_SKIP_ENGINE=1); `npx calm-orch doctor` does it.');
} else if (existsSync(engine)) {
  try {
    const { ensureEngine } = await import(engine);
    const { dir, marker } = await ensureEngine({ log: (line) => console.log(line) });
    console.log(`engine: ${marker.backend} ${marker.version} in ${dir}`);
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
    console.log('engine: not installed; `npx calm-orch doctor` tries again and says what is missing.');
  }
}
