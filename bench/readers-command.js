// `npm run bench -- readers`: how long the readers take, and how much memory, where every label file has its published
// size. Each reading is a process of its own. The page cache is warm throughout: the files were just written.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { datasetNames, nano } from '@calm-orch/core';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';
import { runPeer } from './peer.js';
import { writeDatasets } from './readers-files.js';

const part = fileURLToPath(new URL('readers-part.js', import.meta.url));
/** A stage's key before a run, its catalogue once, and a machine that has other things in memory, too. */
const limits = { identitySeconds: 5, catalogueSeconds: 60, bytes: 600e6 };
/** As the paper has them. */
const published = {
  numTrain: 235_600,
  numTest: 19_928,
  numUnlabeled: 460_000,
  numGeneric: 660_153,
  numQuestions: 470_000,
};

/** What the catalogue lists. */
const pools = ['labeled', 'comments', 'generic', 'unlabeled', 'questions'];
const all = [...datasetNames, ...pools];

/** Runs the command with its arguments; resolves to the exit code. */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      dir: { type: 'string' },
      percent: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: all.join() },
      json: { type: 'boolean', default: false },
    },
  });
  const [percent, rounds] = [wholeNumber(values.percent, '--percent'), wholeNumber(values.rounds, '--rounds')];
  const asked = values.only.split(',');
  const unknown = asked.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`--only: expected some of ${all.join()}, got '${unknown}'`);
  const say = (line) => console.error(`bench readers: ${line}`);
  const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'calm-orch-readers-'));
  try {
    const roots = datasetsIn(join(dir, `${percent}-percent`), percent, say);
    const results = await measure({ dir, roots, rounds, asked, say });
    const report = { percent, rounds, limits, results, machine: machineFacts() };
    console.log(values.json ? JSON.stringify(report) : tableOf(report));
    return results.every(({ holds }) => holds) ? 0 : 1;
  } finally {
    if (values.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

/** Those that an earlier call with the same `--dir` has written are taken as they are. */
function datasetsIn(dir, percent, say) {
  const whole = join(dir, 'written');
  if (existsSync(whole)) return Object.fromEntries(datasetNames.map((name) => [name, join(dir, name)]));
  rmSync(dir, { recursive: true, force: true });
  const roots = writeDatasets(dir, percent / 100, (name) => say(`writing ${name}`));
  mkdirSync(whole);
  return roots;
}

async function measure({ dir, roots, rounds, asked, say }) {
  const scratch = mkdtempSync(join(dir, 'scratch-'));
  const cache = join(scratch, 'hashes.json');
  const outputDir = join(scratch, 'catalogue');
  const data = { ...nano.data, ...published, source: 'files', roots };
  const results = [];
  const add = async (what, name, options, most, before = () => {}) => {
    say(`${what}, ${name}`);
    const readings = [];
    for (let round = 0; round < rounds; round++) {
      before();
      readings.push(await runPeer(process.execPath, [part, JSON.stringify({ ...options, name, roots })]));
    }
    const middle = (key) => median(readings.map((reading) => reading[key]));
    const [seconds, processorSeconds, bytes] = ['seconds', 'processorSeconds', 'bytes'].map(middle);
    const holds = (most === null || seconds <= most) && bytes <= limits.bytes;
    results.push({ what, name, seconds, processorSeconds, bytes, most, holds, found: readings[0].found });
  };
  const forget = () => rmSync(cache, { force: true });
  for (const name of datasetNames.filter((each) => asked.includes(each))) {
    await add('identity, cold', name, { task: 'identity', cache }, null, forget);
    await add('identity, warm', name, { task: 'identity', cache }, limits.identitySeconds);
  }
  for (const pool of pools.filter((each) => asked.includes(each))) {
    const task = pool === 'comments' ? pool : 'catalogue';
    await add('catalogue', pool, { task, data, outputDir }, limits.catalogueSeconds);
  }
  rmSync(scratch, { recursive: true });
  return results;
}

function tableOf({ percent, rounds, results, machine }) {
  const lines = results.map(({ what, name, seconds, processorSeconds, bytes, most, holds }) =>
    [
      what.padEnd(16),
      name.padEnd(16),
      `${seconds.toFixed(2)} s`.padStart(10),
      (most === null ? '' : `<= ${most} s`).padStart(8),
      `${processorSeconds.toFixed(2)} s`.padStart(10),
      `${(bytes / 1e6).toFixed(0)} MB`.padStart(9),
      `<= ${limits.bytes / 1e6} MB  ${holds ? 'holds' : 'DOES NOT HOLD'}`,
    ].join('  '),
  );
  return [
    `${percent} % of the published sizes, median of ${rounds}; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    `${' '.repeat(44)}${'limit'.padStart(10)}${'processor'.padStart(12)}${'peak'.padStart(11)}`,
    ...lines,
  ].join('\n');
}
