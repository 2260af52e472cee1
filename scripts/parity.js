// `npm run parity -- DIR [--json]`: the built model against the reference results in DIR. Exit code 1 when a check fails.
import { startEngine } from '@calm-orch/engine';
import { checkParity } from '@calm-orch/model';

const usage = `usage: npm run parity -- DIR [--json]

  DIR     golden.json, vision/ and llm/ (config.json and weights) and mfam.safetensors, made by PyTorch and transformers
  --json  {"ok","checks":[{"name","maxAbsError","tolerance","ok"}]} instead of a table`;

async function main(args) {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--json');
  const dirs = args.filter((arg) => !arg.startsWith('-'));
  if (unknown !== undefined || dirs.length !== 1) {
    console.error(unknown === undefined ? usage : `parity: no option '${unknown}'\n\n${usage}`);
    return 2;
  }
  const checks = checkParity(await startEngine(), dirs[0]);
  const ok = checks.every((check) => check.ok);
  console.log(args.includes('--json') ? JSON.stringify({ ok, checks }) : table(checks));
  return ok ? 0 : 1;
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
