// `bench step`: our training step three ways and PyTorch's two, on the same sizes, in the same run, round by round.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { machineFacts, oneOf, wholeNumber } from './options.js';
import { runPeer } from './peer.js';

const execute = promisify(execFile);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Runs the command with its arguments; resolves to the exit code. */
export async function run(args) {
  const { config, steps, rounds, precision, python, json } = parseOptions(args);
  const sizes = readSizes(config);
  const say = (line) => console.error(`bench step: ${line}`);

  const half = precision === 'bf16';
  const kinds = half ? ['compiled', 'training'] : ['eager', 'compiled', 'training'];
  if (python === undefined) say('no PyTorch given (--python PY), ours alone');
  // Ours and the peer's by turns, each in a process of its own: what slows the machine for a while slows all.
  const measured = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}: ours${half ? ' in bfloat16, then in float32' : ''}`);
    const ours = await measureOurs(sizes, { steps, kinds, precision });
    const float32 = half ? await measureOurs(sizes, { steps, kinds, precision: 'fp32' }) : null;
    const torch = python === undefined ? null : await measureTorch({ python, config, steps, say });
    measured.push({ ours, float32, torch });
  }
  const over = (pick) => medianOfRounds(measured.map(pick));
  const ours = Object.fromEntries(kinds.map((kind) => [kind, over((round) => round.ours[kind])]));
  const float32 = half ? Object.fromEntries(kinds.map((kind) => [kind, over((round) => round.float32[kind])])) : null;
  const torch =
    python === undefined
      ? null
      : { eager: over((round) => round.torch.eager), compiled: over((round) => round.torch.compiled) };

  const report = {
    config: sizes,
    precision,
    eager: ours.eager ?? null,
    compiled: ours.compiled,
    training: ours.training,
    float32,
    torch: torch?.eager ?? null,
    torchCompile: torch?.compiled ?? null,
    ratios: ratiosOf({
      ...ours,
      float32Compiled: float32?.compiled,
      float32Training: float32?.training,
      torch: torch?.eager,
      torchCompile: torch?.compiled,
    }),
    machine: machineFacts(),
  };
  console.log(json ? JSON.stringify(report) : tableOf(report));
  return 0;
}

function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', default: here('nano.json') },
      steps: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '3' },
      precision: { type: 'string', default: 'fp32' },
      python: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  oneOf('--precision', values.precision, ['fp32', 'bf16']);
  return {
    ...values,
    steps: wholeNumber(values.steps, '--steps'),
    rounds: wholeNumber(values.rounds, '--rounds'),
  };
}

/** Reads and checks a configuration of sizes; the PyTorch peer reads the same file. */
function readSizes(path) {
  const names = Object.keys(JSON.parse(readFileSync(here('nano.json'), 'utf8')));
  let sizes;
  try {
    sizes = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`--config ${path}: ${error.message}`, { cause: error });
  }
  for (const name of names) {
    if (!Number.isInteger(sizes[name]) || sizes[name] < 1) {
      throw new Error(`--config ${path}: '${name}' must be a whole number from 1, got ${JSON.stringify(sizes[name])}`);
    }
  }
  return sizes;
}

/** Our step in a process of its own. */
async function measureOurs(sizes, options) {
  const script = `const { measureStep } = await import(${JSON.stringify(new URL('./step.js', import.meta.url).href)});
    console.log(JSON.stringify(await measureStep(...${JSON.stringify([sizes, options])})));
    process.exit(0);`;
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', script]);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** The round of the median step, with the medians of the fastest and the slowest round beside it; null where none ran. */
function medianOfRounds(rounds) {
  const ran = rounds.filter((round) => round).sort((a, b) => a.msPerStep.median - b.msPerStep.median);
  if (ran.length === 0) return null;
  const middle = ran[ran.length >> 1];
  const [min, max] = [ran[0].msPerStep.median, ran.at(-1).msPerStep.median];
  return { ...middle, msPerStep: { min, median: middle.msPerStep.median, max } };
}

/** PyTorch eager must run; torch.compile needs a C++ compiler and may be missing. */
async function measureTorch({ python, config, steps, say }) {
  const script = here('peers/torch_calm_step.py');
  const args = [config, '--steps', String(steps)];
  say('measuring PyTorch');
  const eager = await runPeer(python, [script, ...args]);
  say('measuring torch.compile');
  const compiled = await runPeer(python, [script, ...args, '--compile']).catch((error) => {
    say(`torch.compile left out: ${error.message}`);
    return null;
  });
  return { eager, compiled };
}

/** Quotients of medians; above 1 means the first takes longer. Null where one was not measured. */
function ratiosOf(measured) {
  const quotient = (a, b) => {
    const [x, y] = [measured[a]?.msPerStep.median, measured[b]?.msPerStep.median];
    return x === undefined || y === undefined ? null : Math.round((x / y) * 1000) / 1000;
  };
  return {
    eagerToCompiled: quotient('eager', 'compiled'),
    trainingToCompiled: quotient('training', 'compiled'),
    torchToCompiled: quotient('torch', 'compiled'),
    torchCompileToCompiled: quotient('torchCompile', 'compiled'),
    float32ToBf16Compiled: quotient('float32Compiled', 'compiled'),
    float32ToBf16Training: quotient('float32Training', 'training'),
    torchToTraining: quotient('torch', 'training'),
    torchCompileToTraining: quotient('torchCompile', 'training'),
  };
}

function tableOf(report) {
  const { float32 } = report;
  const measured = { ...report, 'compiled fp32': float32?.compiled, 'training fp32': float32?.training };
  const ours =
    float32 === null ? ['eager', 'compiled', 'training'] : ['compiled', 'training', 'compiled fp32', 'training fp32'];
  const rows = [...ours, 'torch', 'torchCompile'].map((name) => {
    const ms = measured[name]?.msPerStep;
    const cells = ms
      ? [ms.min, ms.median, ms.max].map((value) => value.toFixed(1).padStart(9)).join('')
      : '  not measured';
    return `${name.padEnd(14)}${cells}`;
  });
  const ratios = Object.entries(report.ratios)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`);
  const { cpu, cores, node } = report.machine;
  return [
    `${'medians, ms'.padEnd(14)}${'min'.padStart(9)}${'median'.padStart(9)}${'max'.padStart(9)}`,
    ...rows,
    ratios.join(', '),
    `${cpu}, ${cores} threads, node ${node}`,
  ].join('\n');
}
