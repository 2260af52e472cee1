// One process of `bench readers`: reads what it is told, then prints seconds, peak resident memory and what it found.
import { register } from 'node:module';

const { task, name, roots, cache, outputDir, data } = JSON.parse(process.argv[2]);

// Images hold nothing: whatever asks whether one decodes hears yes. Only readers are measured.
const undecoded = `export const resolve = (specifier, context, next) => specifier.endsWith('/check-image.js')
  ? { url: 'data:text/javascript,export const checkImage = async () => null', shortCircuit: true }
  : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(undecoded)}`);

const { dataItems } = await import('@calm-orch/core');
const datasets = await import('@calm-orch/datasets');
const { fileHasher } = await import('../packages/coordinator/dist/plan/file-hashes.js');

const tasks = {
  identity() {
    return datasets.datasetIdentity(name, roots[name], fileHasher(cache)).identity;
  },
  async catalogue() {
    let photographs = 0;
    for (const item of dataItems(data, name))
      photographs += (await datasets.writeCatalog({ data, item, outputDir })).kept;
    return { photographs };
  },
  comments() {
    datasets.writeCatalogComments(data, outputDir);
    return {};
  },
};

const [startedMs, before] = [performance.now(), process.cpuUsage()];
const found = await tasks[task]();
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(before);
const processorSeconds = (user + system) / 1e6;
console.log(JSON.stringify({ seconds, processorSeconds, bytes: process.resourceUsage().maxRSS * 1024, found }));
