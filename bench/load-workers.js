// Workers of `bench load`, many in this process: each has a connection of its own, leases an item, writes its folder, says that
// it is done, and asks for the next; a coordinator that does not know it is told who it is, as the product's workers do.
import { mkdirSync } from 'node:fs';
import { CoordinatorServiceService } from '@calm-orch/rpc';
import { lightClient } from './light-client.js';

const [address, token, ...numbers] = process.argv.slice(2);
const [first, numWorkers] = numbers.map(Number);
const facts = { host: 'bench', place: 'bench', numCores: 1, numGpus: 0, threads: 1, engineJson: 'null' };
/** Milliseconds from asking for an item to having it, of this measurement. */
let waits = [];
let isMeasuring = false;
const result = { metrics: {}, fingerprint: '' };

async function work(index) {
  const api = lightClient(CoordinatorServiceService, { address, token, retryEveryMs: 200 + (index % 500) });
  const instance = `worker ${index}`;
  const register = () => api.register({ role: 'augmentor', index, instance, pid: process.pid, facts });
  await register();
  return async () => {
    let lease;
    const ask = async (call) => {
      const askedMs = performance.now();
      lease = undefined;
      lease = await call();
      if (isMeasuring && lease !== undefined) waits.push(performance.now() - askedMs);
    };
    for (;;)
      try {
        if (lease === undefined) await ask(async () => (await api.lease({ instance, waitMs: 5000 })).lease);
        if (lease === undefined) continue;
        const { token, outputDir } = lease;
        mkdirSync(outputDir, { recursive: true });
        await ask(async () => (await api.complete({ token, result, instance })).next);
      } catch (error) {
        if (error.code !== 'lease_lost') throw error;
        await register();
      }
  };
}

const workers = await Promise.all(Array.from({ length: numWorkers }, (_, i) => work(first + i)));
process.on('message', (what) => {
  if (what === 'go') {
    for (const loop of workers)
      loop().catch((error) => {
        console.error(error);
        process.exit(1);
      });
  } else if (what === 'measure') isMeasuring = true;
  else if (what === 'tell') (process.send(waits), (waits = []), (isMeasuring = false));
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
