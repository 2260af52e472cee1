// `npm run parity -- DIR [--json] [--backend wasm]`: the built model against the reference results in DIR. Exit code 1 when a check fails.
import { parseArgs } from 'node:util';
import { startEngine } from '@calm-orch/engine';
import { checkParity } from '@calm-orch/model';

const usage = `usage: npm run parity -- DIR [--json] [--backend tensorflow|wasm]

  DIR        golden.json, vision/ and llm/ (config.json and weights) and mfam.safetensors, made by PyTorch and transformers
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
  const checks = checkParity(await startEngine({ backend }), positionals[0]);
  const ok = checks.every((check) => check.ok);
  console.log(json ? JSON.stringify({ ok, checks }) : table(checks));
  return ok ? 0 : 1;
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
