// `npm run bench -- page`: whether a folder with very many runs is still read at once, by the command line (a process each)
// and by the queries that a page makes. Of each the median of some rounds counts; the first round, for files that are not
// in memory yet, does not.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openTracker } from '@calm-orch/tracker';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';
import { longCurve, makeFolder } from './page-folder.js';
import { timeOf } from './program.js';

/** What each may take, in ms. */
const limitMs = 500;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '10000' },
      points: { type: 'string', default: '5000000' },
      rounds: { type: 'string', default: '5' },
      dir: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [numRuns, numPoints, rounds] = ['runs', 'points', 'rounds'].map((name) =>
    wholeNumber(values[name], `--${name}`),
  );
  const say = (line) => console.error(`bench page: ${line}`);
  const scratch = mkdtempSync(join(tmpdir(), 'calm-bench-page-'));
  try {
    const dir = values.dir ?? join(scratch, 'runs');
    const database = join(dir, 'calm-orch.db');
    if (!existsSync(database)) makeFolder(dir, { numRuns, numPoints }, say);
    const measured = [];
    for (const command of [['runs'], ['runs', '--limit', '50'], ['tables']])
      measured.push(await timesOf(command.join(' '), rounds, () => timeOf({ args: command }, dir)));
    const tracker = openTracker(dir, { access: 'read' });
    try {
      for (const [name, ask] of Object.entries(queriesOf(tracker)))
        measured.push(
          await timesOf(name, rounds, () => {
            const askedMs = performance.now();
            ask();
            return performance.now() - askedMs;
          }),
        );
    } finally {
      tracker.close();
    }
    const report = { numRuns, numPoints, bytes: statSync(database).size, measured, machine: machineFacts() };
    console.log(values.json ? JSON.stringify(report) : tableOf(report));
    return measured.every(({ ms }) => ms <= limitMs) ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Of the newest run, whose first stage has the long curve. */
function queriesOf(tracker) {
  const [{ id }] = tracker.findRuns({ limit: 1 }).runs;
  const [{ key }] = tracker.listRunStages(id);
  const { event, report } = tracker.cursors();
  return {
    'a page of runs': () => tracker.findRuns({ limit: 50 }),
    'a page of runs, searched': () => tracker.findRuns({ text: 'mfam 77', limit: 50 }),
    'a page of runs by duration, from the middle': () =>
      tracker.findRuns({ sort: 'duration', limit: 50, offset: 5000 }),
    'failed runs': () => tracker.findRuns({ status: 'failed', limit: 50 }),
    'groups over seeds, by their mean': () => tracker.groupTrials({ metric: 'PLCC', sort: 'mean', limit: 50 }),
    'curves of a run': () => tracker.listCurves(id),
    [`a curve of ${longCurve} points`]: () => tracker.metricCurve(key, 'train/loss'),
    'its last tenth': () => tracker.metricCurve(key, 'train/loss', { from: longCurve * 0.9 }),
    'what is new': () => [tracker.eventsAfter(event), tracker.metricsAfter(id, report)],
  };
}

async function timesOf(name, rounds, once) {
  const times = [];
  for (let round = 0; round <= rounds; round++) {
    const ms = await once();
    if (round > 0) times.push(ms);
  }
  const tenths = (ms) => Math.round(ms * 10) / 10;
  return { name, ms: tenths(median(times)), min: tenths(Math.min(...times)), max: tenths(Math.max(...times)) };
}

function tableOf({ numRuns, numPoints, bytes, measured, machine }) {
  return [
    `${numRuns} runs, ${numPoints} metric points, ${(bytes / 1e9).toFixed(2)} GB; ` +
      `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    ...measured.map(
      ({ name, ms, min, max }) =>
        `${name.padEnd(48)} ${ms.toFixed(1).padStart(8)} ms (${min} to ${max}), at most ${limitMs}`,
    ),
  ].join('\n');
}
