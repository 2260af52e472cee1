// The workers of `bench tracker`, all in this process: each leases an item and reports its rows as a worker does, one call
// after the other.
import { connect, CoordinatorServiceService, toPoint } from '@calm-orch/rpc';
import { metricName, valueAt } from './tracker-rows.js';

const [address, token, ...numbers] = process.argv.slice(2);
const [numWriters, rows, batch] = numbers.map(Number);

const writers = await Promise.all(
  Array.from({ length: numWriters }, async (_, index) => {
    const { api, close } = connect(CoordinatorServiceService, { address, token });
    const instance = `writer ${index}`;
    await api.register({ role: 'trainer', index, instance, pid: process.pid });
    const { lease } = await api.lease({ instance, waitMs: 5000 });
    return { api, close, lease };
  }),
);

async function report({ api, lease }, round) {
  for (let first = 0; first < rows; first += batch) {
    const points = Array.from({ length: Math.min(batch, rows - first) }, (_, i) => {
      const step = round * rows + first + i;
      return toPoint({ step, totalSteps: rows, metrics: { [metricName]: valueAt(lease.item, step) } });
    });
    const sequence = 1 + round * Math.ceil(rows / batch) + first / batch;
    await api.report({ token: lease.token, sequence, points, notes: [] });
  }
}

process.on('message', (round) => {
  Promise.all(writers.map((writer) => report(writer, round))).then(
    () => process.send('done'),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send('ready');
