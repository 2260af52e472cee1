// The coordinator of `bench load`, in a process of its own as the product's is: its book of leases, its tracker and its calls,
// for a run of made-up stages. Started again with the same folder it goes on as a coordinator does whose predecessor was killed.
import { layoutOf } from '@calm-orch/coordinator';
import { CoordinatorServiceService, serve, tokenGate } from '@calm-orch/rpc';
import { openTracker } from '@calm-orch/tracker';

const [dir, address, token, ...numbers] = process.argv.slice(2);
const [numStages, numItems] = numbers.map(Number);
const moduleOf = (name) => import(new URL(`../packages/coordinator/dist/leases/${name}.js`, import.meta.url).href);
const { Coordinator } = await moduleOf('coordinator');
const { coordinatorService, serviceName } = await moduleOf('service');
const { defaultPolicy: policy } = await moduleOf('policy');

const trial = { row: 'all', seed: 0 };
const stages = Array.from({ length: numStages }, (_, i) => ({
  ...{ key: `${i}`.padStart(64, '0'), kind: 'augment', role: 'augmentor', label: `augment ${i}`, numItems, cost: 1 },
  ...{ config: {}, inputs: {}, ingredients: {}, modules: {}, engine: null, trials: [trial], seedPlace: 0 },
  ...{ isShared: false, checkpointEveryMs: 1000, keepCheckpoints: 0, optimizer: 'replicated', numShards: 8 },
}));
const tracker = openTracker(dir);
const [before] = tracker.listRuns();
const facts = { title: '', path: '', hash: '', resolved: {}, versions: {}, machine: {}, pid: process.pid };
const { id: runId } = before
  ? tracker.resumeRun(before.id, { pid: process.pid })
  : tracker.createRun({ experiment: 'bench', trials: [trial], ...facts });
tracker.upsertStages(
  runId,
  stages.map((stage) => ({ ...stage, reuse: false })),
);
const options = {
  ...{ plan: { trials: [trial], seeds: [0], stages }, runId, tracker, layout: layoutOf(dir), policy },
  ...{ now: () => performance.now(), onEvent: () => {} },
};
const coordinator = new Coordinator(options, { reused: new Set() });
coordinator.ended.catch((error) => {
  console.error(error);
  process.exit(1);
});
coordinator.start();
let [numGrants, numCalls] = [0, 0];
const service = coordinatorService(coordinator, policy);
const server = await serve({
  address,
  gate: tokenGate(token),
  name: serviceName,
  definition: CoordinatorServiceService,
  handlers: Object.fromEntries(
    Object.entries(service).map(([name, handle]) => [
      name,
      async (request, call) => {
        numCalls++;
        const answer = await handle(request, call);
        if (answer.lease !== undefined || answer.next !== undefined) numGrants++;
        return answer;
      },
    ]),
  ),
});
process.on('message', () =>
  process.send({
    ...{ numWorkers: coordinator.book.workers.length, numGrants, numCalls },
    ...{ memory: process.memoryUsage.rss(), cpuMs: process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000 },
  }),
);
process.on('disconnect', () => process.exit(0));
process.send({ address: server.address });
