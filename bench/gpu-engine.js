// One process of `npm run gpu-check`: loads the engine and says whether it computes on a GPU.
import { startEngine, usesGpu } from '@calm-orch/engine';

const { backend, version } = await startEngine();
console.log(JSON.stringify({ backend, version, usesGpu }));
