// How much the page's stream says while many runs train and nothing else happens, for `bench page`: bytes a second beside
// the new points themselves.
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import { startUi } from './page-served.js';

const tickMs = 1000;

/** Runs of this process, each with two curves to which it adds a step a second. */
export async function measureLive(scratch, { numRuns, ticks }) {
  const dir = join(scratch, 'live');
  const tracker = openTracker(dir);
  let server;
  let listener;
  try {
    const runs = Array.from({ length: numRuns }, (_, index) => startRun(tracker, index));
    server = await startUi(dir);
    const heard = [];
    listener = await listen(new URL('/api/live', server.address), (text) => heard.push(text));
    for (let step = 0; step < ticks + 2; step++) {
      for (const { runId, stageKey } of runs) {
        tracker.heartbeatRun(runId);
        const common = { runId, stageKey, step };
        tracker.logMetrics([
          { ...common, name: 'train/loss', value: 4 / (1 + step) },
          { ...common, name: 'train/learning rate', value: 1e-3 },
        ]);
      }
      await sleep(tickMs);
    }
    const messages = heard.filter((text) => text.startsWith('data: ')).map((text) => [text, JSON.parse(text.slice(6))]);
    // Curves are named with the first points.
    const told = messages.filter(([, { what }]) => what === 'points').slice(1);
    const others = messages.slice(messages.findIndex(([, { what }]) => what === 'points') + 1);
    const bytes = others.reduce((sum, [text]) => sum + Buffer.byteLength(text) + 2, 0);
    const ofPoints = told.reduce((sum, [, { curves }]) => sum + bytesOfPoints(curves), 0);
    if (told.length < ticks / 2) throw new Error(`the stream told points ${told.length} times in ${ticks} seconds`);
    return { numRuns, ticks: told.length, bytes: bytes / told.length, bytesOfPoints: ofPoints / told.length };
  } finally {
    listener?.destroy();
    await server?.close();
    tracker.close();
  }
}

const bytesOfPoints = (curves) => curves.reduce((sum, [, points]) => sum + JSON.stringify(points).length, 0);

function startRun(tracker, index) {
  const trials = [{ row: 'all', seed: 0 }];
  const facts = { title: 'T', path: '/x.yaml', hash: 'h', resolved: {}, versions: {}, machine: {}, pid: process.pid };
  const { id: runId } = tracker.createRun({ experiment: 'ablation-mfam', trials, ...facts });
  const stageKey = hashOf({ index });
  const stage = { key: stageKey, kind: 'finetune-score', role: 'trainer', config: {}, inputs: {}, numItems: 1 };
  tracker.upsertStages(runId, [{ ...stage, trials, reuse: false }]);
  tracker.startAttempt(runId, stageKey, 0, 'trainer 0');
  return { runId, stageKey };
}

function listen(url, onMessage) {
  return new Promise((resolve, reject) => {
    const asked = get(url, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk) => {
        const messages = `${text}${chunk}`.split('\n\n');
        text = messages.pop();
        messages.forEach(onMessage);
      });
      reply.on('error', () => {});
      resolve(asked);
    });
    asked.on('error', reject);
  });
}
