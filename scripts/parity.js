// `npm run parity -- DIR [--json] [--backend wasm]`: the built model against the reference results in DIR. Exit code 1 when a check fails.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { startEngine } from '@calm-orch/engine';
import { checkParity } from '@calm-orch/model';

const usage = `usage: npm run parity -- DIR [--json] [--backend tensorflow|wasm]

  DIR        golden.json, vision/ and llm/ (config.json and weights) and mfam.safetensors, made by PyTorch and transformers;
             or the same files packed with gzip, as in packages/model/fixtures/tiny-calm
  --json     {"ok","checks":[{"name","maxAbsError","tolerance","ok"}]} instead of a table
  --backend  default: CALM_ORCH_BACKEND, else the best one installed`;

const options = { json: { type: 'boolean', default: false }, backend: { type: 'string' } };

async function main(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    return refuse(error.message);
  }
  const {
    values: { json, backend },
    positionals,
  } = parsed;
  if (positionals.length !== 1) return refuse(`expected one DIR, got ${positionals.length}`);
  if (backend !== undefined && backend !== 'tensorflow' && backend !== 'wasm')
    return refuse(`--backend: expected tensorflow or wasm, got '${backend}'`);
  const engine = await startEngine({ backend });
  const checks = withUnpacked(positionals[0], (dir) => checkParity(engine, dir));
  const ok = checks.every((check) => check.ok);
  console.log(json ? JSON.stringify({ ok, checks }) : table(checks));
  return ok ? 0 : 1;
}

/** Gives `work` the folder, or where its files end in .gz a copy of them without that, which is removed afterwards. */
function withUnpacked(dir, work) {
  if (!existsSync(join(dir, 'golden.json.gz')) || existsSync(join(dir, 'golden.json'))) return work(dir);
  const unpacked = mkdtempSync(join(tmpdir(), 'calm-orch-parity-'));
  try {
    for (const file of readdirSync(dir, { recursive: true }).filter((name) => name.endsWith('.gz'))) {
      const path = join(unpacked, file.slice(0, -'.gz'.length));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, gunzipSync(readFileSync(join(dir, file))));
    }
    return work(unpacked);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

function refuse(message) {
  console.error(`parity: ${message}\n\n${usage}`);
  return 2;
}

function table(checks) {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, maxAbsError, tolerance, ok }) => {
      const figures = `${maxAbsError.toExponential(2).padStart(9)}  (at most ${tolerance})`;
      return `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${figures}`;
    })
    .join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`parity: ${error.message}`);
  process.exitCode = error.code === 'not_found' ? 2 : 1;
}
