// The process that computes stages for a worker (worker.ts forks it): `compute.js compute ROLE N`.
import { asWorkerProcess } from './run/worker-process.ts';

await asWorkerProcess(async () => {
  const { runCompute } = await import('@calm-orch/rpc/compute');
  const { parts } = await import('./run/parts.ts');
  runCompute(parts.stageKinds, { memory: async () => (await import('@calm-orch/engine')).nativeMemory() });
});
