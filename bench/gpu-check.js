// `npm run gpu-check`: on a machine with GPUs, whether the model is right there, whether its bits repeat, how long a step
// takes and how much memory. Without a GPU the same of the processor, with small sizes.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { devices, ensureEngine, visibleGpus } from '@calm-orch/engine';
import { gpuChecks } from './gpu-checks.js';
import { machineFacts, wholeNumber } from './options.js';

const usage = `usage: npm run gpu-check -- [--gpus N] [--cpu] [--config FILE.json] [--steps N] [--seconds N] [--json] [--out FILE]

  --gpus     how many of the GPUs that CUDA_VISIBLE_DEVICES leaves, 8 at most  [default: all]
  --cpu      on the processor, as where there is no GPU
  --config   sizes of the model  [default: bench/gpu.json, on a processor bench/nano.json]
  --steps    training steps that are timed  [default: 7]
  --seconds  for all checks together  [default: 600]
  --json     the report instead of the table; --out FILE writes it, too

The exit code is 1 where a check fails.`;

const options = {
  gpus: { type: 'string', default: '8' },
  cpu: { type: 'boolean', default: false },
  config: { type: 'string' },
  steps: { type: 'string', default: '7' },
  seconds: { type: 'string', default: '600' },
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
};

async function main(args) {
  const { values } = parseArgs({ args, options });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const most = Math.min(8, wholeNumber(values.gpus, '--gpus'));
  const steps = wholeNumber(values.steps, '--steps');
  const limitMs = 1000 * wholeNumber(values.seconds, '--seconds');
  const found = (await devices()).filter(({ kind }) => kind === 'gpu');
  const gpuIds = values.cpu ? [] : visibleGpus(found.length).slice(0, most);
  const file = values.config ?? fileURLToPath(new URL(gpuIds.length > 0 ? 'gpu.json' : 'nano.json', import.meta.url));
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const startedMs = performance.now();
  const leftMs = () => Math.ceil(limitMs - (performance.now() - startedMs));
  await ensureEngine({ log: console.error, signal: globalThis.AbortSignal.timeout(limitMs) });
  const checks = [];
  for (const check of gpuChecks({ gpuIds, config, steps })) checks.push(await outcomeOf(check, checks, leftMs));
  const report = {
    version: 1,
    ok: checks.every(({ status }) => status !== 'failed'),
    machine: machineFacts(),
    gpus: gpuIds.length > 0 ? found : [],
    gpuIds,
    config: file,
    seconds: seconds(startedMs),
    checks,
  };
  const text = JSON.stringify(report, null, 2);
  if (values.out !== undefined) writeFileSync(values.out, `${text}\n`);
  console.log(values.json ? text : table(report));
  return report.ok ? 0 : 1;
}

const seconds = (sinceMs) => Math.round((performance.now() - sinceMs) / 100) / 10;

/** Without the engine that is to be checked nothing else is; nor when the time is up. */
async function outcomeOf({ name, run }, before, leftMs) {
  const startedMs = performance.now();
  const skipped = (found) => ({ name, status: 'skipped', seconds: 0, found });
  if (before.some((check) => check.name === 'engine' && check.status !== 'passed'))
    return skipped('without the engine');
  if (leftMs() <= 0) return skipped('no time is left (--seconds)');
  try {
    const result = await run(leftMs);
    return { name, status: 'passed', seconds: seconds(startedMs), ...result };
  } catch (error) {
    return { name, status: 'failed', seconds: seconds(startedMs), found: error.message };
  }
}

function table({ gpus, gpuIds, checks, seconds: all }) {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const names = [...new Set(gpus.map(({ name }) => name))].join(', ');
  return [
    gpuIds.length === 0 ? 'On the processor, which says nothing of a GPU.' : `GPUs ${gpuIds.join(', ')}: ${names}`,
    ...checks.map(
      (check) =>
        `${check.status.padEnd(7)}  ${check.name.padEnd(width)}  ${check.seconds.toFixed(1).padStart(6)} s  ${check.found}`,
    ),
    `${all} s`,
  ].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`gpu-check: ${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
