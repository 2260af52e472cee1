// What `npm run gpu-check` looks at, in order. A check computes in processes of its own and returns what it found in words,
// with its figures; it throws where that is not as it must be. `judge...` decide, and measure nothing.
import { fileURLToPath } from 'node:url';
import { trainingMemory } from '@calm-orch/model';
import { runMembers } from './gang-processes.js';
import { memorySizes } from './model.js';
import { runPeer } from './peer.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const golden = here('../packages/model/fixtures/tiny-calm');
const warmup = 2;
/** What TensorFlow has beside tensors that are counted: temporaries, and regions of a GPU's memory twice as large as the last. */
const memoryFactor = 2;

/** Of one process: what hangs leaves time for the checks after it. */
const limitOf = (leftMs) => Math.max(1, Math.min(150_000, leftMs()));

/** @throws {Error} where a GPU was to be used and is not */
export function judgeEngine({ backend, version, usesGpu }, numGpus) {
  if (numGpus > 0 && !usesGpu)
    throw new Error(`${backend} ${version} computes on the processor, not on the GPU: see \`npx calm-orch doctor\``);
  return `${backend} ${version} on ${usesGpu ? 'the GPU' : 'the processor'}`;
}

/** @throws {Error} with the worst value where one is further from the reference than it may be */
export function judgeParity(checks) {
  const share = ({ maxAbsError, tolerance }) => (Number.isFinite(maxAbsError) ? maxAbsError / tolerance : Infinity);
  const worst = checks.reduce((a, b) => (share(b) > share(a) ? b : a));
  const words = `${worst.name} differs by ${worst.maxAbsError.toExponential(1)}, at most ${worst.tolerance}`;
  if (checks.some(({ ok }) => !ok)) throw new Error(words);
  return `${checks.length} values; of them ${words}`;
}

/** @throws {Error} where states differ */
export function judgeBits(states) {
  const [first] = states;
  const other = states.find(({ sha256 }) => sha256 !== first.sha256);
  if (other !== undefined)
    throw new Error(
      `the weights differ: ${first.name} ${first.sha256.slice(0, 8)}, ${other.name} ${other.sha256.slice(0, 8)}`,
    );
  return `the same ${first.numWeights} weights (sha256 ${first.sha256.slice(0, 8)}) in ${states.length} processes`;
}

/** @throws {Error} where a step takes more than `memoryFactor` times what plan says */
export function judgeMemory({ usedBytes, plannedBytes }) {
  const ratio = usedBytes / plannedBytes;
  const mb = (bytes) => `${Math.round(bytes / 1e6)} MB`;
  const words = `${mb(usedBytes)} at the peak, planned ${mb(plannedBytes)}: ${ratio.toFixed(2)}x`;
  if (!(ratio <= memoryFactor)) throw new Error(`${words}, at most ${memoryFactor}x`);
  return words;
}

/**
 * @param {{ gpuIds: readonly string[], config: object, steps: number }} options as CUDA_VISIBLE_DEVICES calls the GPUs; none:
 *   on the processor
 * @returns {{ name: string, run: (leftMs: () => number) => Promise<{ found: string }> }[]} `leftMs`:
 *   until all must have ended
 */
export function gpuChecks({ gpuIds, config, steps }) {
  const numGpus = gpuIds.length;
  const envOf = (place) => ({
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_VISIBLE_DEVICES: numGpus === 0 ? '' : gpuIds[place % numGpus],
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  });
  const node = (script, args, leftMs, more = {}, codes = [0]) =>
    runPeer(process.execPath, [here(script), ...args], {
      timeoutMs: limitOf(leftMs),
      env: { ...process.env, ...envOf(0), ...more },
      codes,
    });
  /** By name: what the trainers of a gang ended with. */
  const runs = [];
  const train = async (name, size, leftMs, more = {}) => {
    const options = { config, steps, warmup, optimizer: 'replicated' };
    const reports = await runMembers(here('gang-member.js'), size, options, {
      envOf: (place) => ({ ...envOf(place), ...more }),
      limitMs: limitOf(leftMs),
    });
    const states = reports.map(({ rank, ...report }) => ({ ...report, name: `${name}, trainer ${rank}` }));
    return { name, size, states, msPerStep: Math.max(...reports.map(({ msPerStep }) => msPerStep)) };
  };
  const remember = (run) => {
    runs.push(run);
    return run.states;
  };
  /** What goes wrong on a GPU is tried once more with what may mend it: that is told, and mends nothing by itself. */
  const withHint = async (work, hint, leftMs) => {
    try {
      return await work({});
    } catch (error) {
      if (numGpus === 0 || leftMs() <= 0) throw error;
      const helps = await work(hint).then(
        () => 'passes with',
        () => 'fails with',
      );
      throw new Error(
        `${error.message}; ${helps} ${Object.entries(hint)
          .map((pair) => pair.join('='))
          .join(' ')}`,
        { cause: error },
      );
    }
  };
  const sizes = [...new Set([2, Math.min(numGpus, 8)])].filter((size) => size > 1);
  return [
    {
      name: 'engine',
      run: async (leftMs) => {
        const engine = await node('gpu-engine.js', [], leftMs);
        return { found: judgeEngine(engine, numGpus), engine };
      },
    },
    {
      name: 'parity with PyTorch',
      run: (leftMs) =>
        withHint(
          async (more) => {
            // With exit code 1 a value is too far off.
            const { checks } = await node('../scripts/parity.js', [golden, '--json'], leftMs, more, [0, 1]);
            return { found: judgeParity(checks), checks };
          },
          { NVIDIA_TF32_OVERRIDE: '0' },
          leftMs,
        ),
    },
    {
      name: 'bits of two runs',
      run: (leftMs) =>
        withHint(
          async (more) => {
            const both = [await train('once', 1, leftMs, more), await train('again', 1, leftMs, more)];
            const states = both.flatMap(Object.keys(more).length === 0 ? remember : (run) => run.states);
            return { found: judgeBits(states) };
          },
          { TF_DETERMINISTIC_OPS: '1' },
          leftMs,
        ),
    },
    ...sizes.map((size) => ({
      name: `bits of ${size} trainers`,
      run: async (leftMs) => {
        const alone = runs.find((run) => run.size === 1)?.states ?? (await train('alone', 1, leftMs)).states;
        const together = remember(await train(`${size} together`, size, leftMs));
        const shared = numGpus > 0 && numGpus < size ? '; not each on a GPU of its own' : '';
        return { found: judgeBits([...alone, ...together]) + shared };
      },
    })),
    {
      name: 'step time',
      run: async () => {
        if (runs.length === 0) throw new Error('no run was measured');
        const times = runs.map(({ name, size, msPerStep }) => ({ name, size, msPerStep }));
        const words = times.map(({ name, msPerStep }) => `${name} ${msPerStep.toFixed(0)} ms`);
        return { found: `median of ${steps}, ${config.batch} samples each: ${words.join(', ')}`, times };
      },
    },
    {
      name: 'peak memory',
      run: async (leftMs) => {
        const { batch } = config;
        const asked = { config, batch, recompute: false, precision: 'fp32', gpu: gpuIds[0] };
        const { bytes, startBytes } = await node('memory-step.js', [JSON.stringify(asked)], leftMs);
        const { model, sample } = memorySizes(config);
        const setup = {
          gpus: 1,
          optimizerState: 'replicated',
          finetune: 'full',
          loraRank: 0,
          precision: 'fp32',
          recompute: false,
        };
        const planned = trainingMemory(model, sample, {
          ...setup,
          samples: batch,
          microBatch: batch,
          shardSize: batch,
        });
        const memory = { usedBytes: bytes - startBytes, plannedBytes: planned.total };
        return { found: judgeMemory(memory), ...memory };
      },
    },
  ];
}
