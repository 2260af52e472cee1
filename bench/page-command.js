// `npm run bench -- page`: whether a folder with very many runs is still read at once, by the command line (a process each),
// by the page's queries, by its server and in a browser; and how much is told of many runs at work. Of each time the median
// of some rounds counts; the first round, for files that are not in memory yet, does not.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openTracker } from '@calm-orch/tracker';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';
import { addRun, longCurve, makeFolder } from './page-folder.js';
import { measureLive } from './page-live.js';
import { openBrowser, startUi, timedAnswer, timeUntilSeen } from './page-served.js';
import { timeOf } from './program.js';

/** What each may take, in ms, where nothing else is said. */
const usualMs = 500;
const groupsMs = 300;
const firstPageMs = 1500;
/** Of a curve, however long. */
const maxPoints = 2400;
/** A second, of 50 runs that train, beside the points. */
const maxBytes = 2000;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '10000' },
      points: { type: 'string', default: '5000000' },
      rounds: { type: 'string', default: '5' },
      live: { type: 'string', default: '50' },
      ticks: { type: 'string', default: '10' },
      dir: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [numRuns, numPoints, rounds, numLive, ticks] = ['runs', 'points', 'rounds', 'live', 'ticks'].map((name) =>
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
          await timesOf(
            name,
            rounds,
            () => {
              const askedMs = performance.now();
              ask();
              return performance.now() - askedMs;
            },
            name.startsWith('groups') ? groupsMs : usualMs,
          ),
        );
    } finally {
      tracker.close();
    }
    const served = await measureServed(dir, numRuns, rounds);
    measured.push(...served.measured);
    say(`listening to ${numLive} runs at work`);
    const live = await measureLive(scratch, { numRuns: numLive, ticks });
    const report = {
      ...{ numRuns, numPoints, bytes: statSync(database).size, measured },
      ...{ pointsOfCurve: served.pointsOfCurve, browser: served.browser, live, machine: machineFacts() },
    };
    console.log(values.json ? JSON.stringify(report) : tableOf(report));
    const isQuick = measured.every(({ ms, limitMs }) => ms <= limitMs);
    return isQuick && report.pointsOfCurve <= maxPoints && besides(live) <= maxBytes ? 0 : 1;
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

/** Over HTTP, and in Chromium where there is one. */
async function measureServed(dir, numRuns, rounds) {
  const { address, close } = await startUi(dir);
  const browser = await openBrowser();
  try {
    const measured = [];
    const groups = '/api/groups?metrics=PLCC,SRCC&sort=mean&limit=100';
    const [{ run }] = (await timedAnswer(address, '/api/runs?limit=1')).json.runs;
    const asked = {
      'server: a page of runs': ['/api/runs?limit=100', usualMs],
      'server: groups over seeds, two metrics': [groups, groupsMs],
      'server: a run': [`/api/runs/${run}`, usualMs],
      'server: its timeline': [`/api/runs/${run}/timeline`, usualMs],
      [`server: its curves, one of ${longCurve} points`]: [`/api/runs/${run}/curves?kind=finetune-score`, usualMs],
      'server: the same, seeds together': [`/api/runs/${run}/bands?kind=finetune-score`, usualMs],
    };
    let pointsOfCurve = 0;
    for (const [name, [path, limitMs]] of Object.entries(asked)) {
      const once = async () => {
        const { ms, json } = await timedAnswer(address, path);
        for (const { points } of json.curves?.filter(({ points }) => points) ?? [])
          pointsOfCurve = Math.max(pointsOfCurve, points.length);
        return ms;
      };
      measured.push(await timesOf(name, rounds, once, limitMs));
    }
    let index = numRuns;
    const afterNewRun = async () => {
      addRun(dir, index++);
      return (await timedAnswer(address, groups)).ms;
    };
    measured.push(await timesOf('server: groups over seeds, right after a new run', rounds, afterNewRun, groupsMs));
    const seen = {
      'browser: the first page, until its runs are there': ['', 'table.runs tbody a', firstPageMs],
      'browser: groups over seeds': ['#/groups', 'table.groups tbody a', firstPageMs],
      'browser: a run, until its curves are there': [`#/run/${run}`, '.legend .number', firstPageMs],
    };
    if (browser !== null)
      for (const [name, [place, selector, limitMs]] of Object.entries(seen))
        measured.push(
          await timesOf(name, rounds, () => timeUntilSeen(browser, `${address}${place}`, selector), limitMs),
        );
    return { measured, pointsOfCurve, browser: browser?.version() ?? null };
  } finally {
    await browser?.close();
    await close();
  }
}

const besides = ({ bytes, bytesOfPoints }) => bytes - bytesOfPoints;

async function timesOf(name, rounds, once, limitMs = usualMs) {
  const times = [];
  for (let round = 0; round <= rounds; round++) {
    const ms = await once();
    if (round > 0) times.push(ms);
  }
  const tenths = (ms) => Math.round(ms * 10) / 10;
  return { name, ms: tenths(median(times)), min: tenths(Math.min(...times)), max: tenths(Math.max(...times)), limitMs };
}

function tableOf({ numRuns, numPoints, bytes, measured, pointsOfCurve, browser, live, machine }) {
  return [
    `${numRuns} runs, ${numPoints} metric points, ${(bytes / 1e9).toFixed(2)} GB; ` +
      `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, Chromium ${browser ?? 'not here: not tried'}`,
    ...measured.map(
      ({ name, ms, min, max, limitMs }) =>
        `${name.padEnd(52)} ${ms.toFixed(1).padStart(8)} ms (${min} to ${max}), at most ${limitMs}${ms <= limitMs ? '' : ': TOO LONG'}`,
    ),
    `the longest curve as it is sent: ${pointsOfCurve} points, at most ${maxPoints}`,
    `${live.numRuns} runs that train: ${Math.round(besides(live))} bytes a second beside ${Math.round(live.bytesOfPoints)} of points, at most ${maxBytes}`,
  ].join('\n');
}
