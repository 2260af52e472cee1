// `npm run bench -- tracker`: metric rows a second that a coordinator takes from many workers at once, from their calls
// over gRPC to the database, beside MLflow's client writing to its SQLite store (which has no call in between). A row is
// one value of one metric at one step. What was sent must be there once, and nothing else. The first round does not count:
// workers and coordinators live long.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { layoutOf } from '@calm-orch/coordinator';
import { CoordinatorServiceService, serve, tokenGate } from '@calm-orch/rpc';
import { openTracker } from '@calm-orch/tracker';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';
import { runPeer } from './peer.js';
import { metricName, valueAt } from './tracker-rows.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const moduleOf = (name) => import(new URL(`../packages/coordinator/dist/leases/${name}.js`, import.meta.url).href);
const key = 'b'.repeat(64);

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      writers: { type: 'string', default: '32' },
      rows: { type: 'string', default: '1000' },
      batch: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '15' },
      python: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [writers, rows, batch, rounds] = ['writers', 'rows', 'batch', 'rounds'].map((name) =>
    wholeNumber(values[name], `--${name}`),
  );
  const say = (line) => console.error(`bench tracker: ${line}`);
  say(`measuring ours: ${writers} writers, ${rows} rows each, ${batch} a report, ${rounds} rounds`);
  const seconds = await measure({ writers, rows, batch, rounds });
  const rate = (one) => Math.round((writers * rows) / one);
  if (values.python !== undefined) say('measuring MLflow');
  const peer = values.python === undefined ? null : await runPeer(values.python, [here('peers/mlflow_log.py')]);
  const rowsPerSecond = rate(median(seconds));
  const report = {
    rowsPerSecond,
    slowest: rate(Math.max(...seconds)),
    fastest: rate(Math.min(...seconds)),
    writers,
    rows,
    batch,
    rounds,
    peer,
    speedup: peer && rowsPerSecond / peer.rowsPerSecondBatched,
    machine: machineFacts(),
  };
  console.log(values.json ? JSON.stringify(report) : tableOf(report));
  return 0;
}

/** Of each round but the first the seconds from the first call to the last answer. @throws {Error} where rows are missing or others are there */
async function measure({ writers, rows, batch, rounds }) {
  const dir = mkdtempSync(join(tmpdir(), 'calm-bench-tracker-'));
  const tracker = openTracker(join(dir, 'runs'));
  let server;
  let child;
  try {
    const token = randomBytes(16).toString('hex');
    const { service, name } = await openCoordinator(tracker, join(dir, 'runs'), writers);
    server = await serve({
      address: `unix:${join(dir, 'socket')}`,
      gate: tokenGate(token),
      name,
      definition: CoordinatorServiceService,
      handlers: service,
    });
    child = fork(here('tracker-writers.js'), [server.address, token, `${writers}`, `${rows}`, `${batch}`]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const answer = () =>
      Promise.race([
        new Promise((resolve) => child.once('message', resolve)),
        ended.then((code) => Promise.reject(new Error(`the writers ended with exit code ${code}`))),
      ]);
    await answer();
    const seconds = [];
    for (let round = 0; round <= rounds; round++) {
      const startedMs = performance.now();
      child.send(round);
      await answer();
      if (round > 0) seconds.push((performance.now() - startedMs) / 1000);
    }
    check(tracker, writers, rows * (rounds + 1));
    return seconds;
  } finally {
    child?.kill();
    await server?.close();
    tracker.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The product's own, with a stage of an item for each writer. */
async function openCoordinator(tracker, dir, numItems) {
  const { Coordinator } = await moduleOf('coordinator');
  const { coordinatorService, serviceName } = await moduleOf('service');
  const { defaultPolicy: policy } = await moduleOf('policy');
  const trial = { row: 'all', seed: 0 };
  const stage = {
    key,
    kind: 'finetune-score',
    role: 'trainer',
    label: 'finetune-score',
    isShared: false,
    config: {},
    numItems,
    cost: 1,
    trials: [trial],
    seedPlace: 0,
    inputs: {},
    ingredients: {},
    modules: {},
    checkpointEveryMs: 1000,
    keepCheckpoints: 0,
    optimizer: 'replicated',
    numShards: 8,
  };
  const facts = { title: '', path: '', hash: '', resolved: {}, versions: {}, machine: {}, pid: process.pid };
  const { id: runId } = tracker.createRun({ experiment: 'bench', trials: [trial], ...facts });
  tracker.upsertStages(runId, [{ ...stage, reuse: false }]);
  const plan = { trials: [trial], seeds: [0], stages: [stage] };
  const now = () => performance.now();
  const options = { plan, runId, tracker, layout: layoutOf(dir), policy, now, onEvent: () => {} };
  const coordinator = new Coordinator(options, { reused: new Set() });
  coordinator.start();
  return { service: coordinatorService(coordinator, policy), name: serviceName };
}

function check(tracker, writers, rows) {
  const curves = tracker.listMetrics(key);
  const isWhole = ({ item, name, points }) =>
    name === metricName &&
    points.length === rows &&
    points.every(([step, value], i) => step === i && value === valueAt(item, i));
  const items = new Set(curves.map(({ item }) => item));
  if (curves.length !== writers || items.size !== writers || !curves.every(isWhole))
    throw new Error(`rows are missing or others are there: ${curves.map(({ points }) => points.length).join(', ')}`);
}

function tableOf({ rowsPerSecond, slowest, fastest, writers, rows, batch, peer, speedup, machine }) {
  const ours = `${rowsPerSecond} rows/s (${slowest} to ${fastest})`;
  return [
    `${writers} writers, ${rows} rows each, ${batch} a report; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    `calm-orch, over gRPC          ${ours}`,
    ...(peer === null
      ? []
      : [
          `${peer.peer}, in batches    ${peer.rowsPerSecondBatched} rows/s; one by one ${peer.rowsPerSecondSingle}`,
          `times as many                 ${speedup.toFixed(1)}`,
        ]),
  ].join('\n');
}
