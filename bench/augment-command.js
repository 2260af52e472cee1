// `npm run bench -- augment`: photographs a second of the augmentor's operations and of Pillow's on the same photographs,
// reduced to the same side, one thread each. Pillow does what it has a fast way for: its enhancers, not HSV.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { largePages } from '@calm-orch/coordinator';
import { rng } from '@calm-orch/core';
import { carriedPhotosDir, imageNamesIn, loadImage } from '@calm-orch/datasets';
import { median } from './median.js';
import { machineFacts, wholeNumber } from './options.js';
import { runPeer } from './peer.js';

const packageOf = (path) => new URL(`../packages/augmentor/dist/augmentations/${path}`, import.meta.url).href;

/** The operations that Pillow has, then the others; parameters are those of severity 3. */
const operations = {
  'decode + resize': null,
  jpeg: { kind: 'jpeg', quality: 15 },
  brightness: { kind: 'value', shift: 0.3 },
  saturation: { kind: 'saturation', factor: 2, offset: 0 },
  contrast: { kind: 'contrast', factor: 0.2 },
  pixelate: { kind: 'pixelate', keeps: 0.4 },
  crop: { kind: 'crop', keeps: 0.5, edge: 0, cutsAt: 0.5, along: 0.5 },
};
const others = {
  'gaussian noise': { kind: 'gaussian noise', deviation: 0.18 },
  'salt and pepper': { kind: 'salt and pepper', density: 0.09 },
  defocus: { kind: 'defocus', radius: 6 },
  motion: { kind: 'motion', radius: 15, sigma: 8, degrees: 20 },
  'blur foreground': { kind: 'blur foreground', radius: 12 },
  'mask foreground': { kind: 'mask foreground' },
};
const foreground = { source: 'known', box: { x: 0.3, y: 0.3, width: 0.4, height: 0.4 }, mask: null };

export async function run(args) {
  // As augmentors run; Pillow is given the same.
  if (process.platform === 'linux' && process.env.GLIBC_TUNABLES === undefined) {
    const env = { ...process.env, GLIBC_TUNABLES: largePages };
    return spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' }).status ?? 1;
  }
  const { values } = parseArgs({
    args,
    options: {
      photos: { type: 'string', default: carriedPhotosDir },
      side: { type: 'string', default: '560' },
      rounds: { type: 'string', default: '3' },
      python: { type: 'string', default: 'python3' },
      json: { type: 'boolean', default: false },
    },
  });
  const [side, rounds] = ['side', 'rounds'].map((name) => wholeNumber(values[name], `--${name}`));
  const folder = values.photos.endsWith('/') ? values.photos : `${values.photos}/`;
  const files = imageNamesIn(folder).map((name) => folder + name);
  if (files.length === 0) throw new Error(`--photos ${values.photos}: no photographs there`);

  const script = fileURLToPath(new URL('peers/pillow_augment.py', import.meta.url));
  const measure = await ourMeasure({ files, side });
  const ours = [];
  const peers = [];
  let version = null;
  // By turns, so that whatever else the machine does falls on both.
  for (let round = 0; round < rounds; round++) {
    ours.push(await measure());
    if (round > 0 && version === null) continue;
    try {
      const peer = await runPeer(values.python, [script, String(side), ...files]);
      version = peer.version;
      peers.push(peer.ms);
    } catch (error) {
      console.error(`bench augment: Pillow left out: ${error.message}`);
    }
  }
  const pillow = version === null ? null : { version, ms: mediansOf(peers) };
  const result = reportOf({ ours: mediansOf(ours), pillow, files, side });
  console.log(values.json ? JSON.stringify(result) : tableOf(result));
  return 0;
}

/** Measures one round: mean ms a photograph takes, by operation. */
async function ourMeasure({ files, side }) {
  const { applyAugmentations, applyOne } = await import(packageOf('apply.js'));
  const load = (file) => loadImage(file, { shorterSide: side });
  const images = [];
  for (const file of files) images.push(await load(file));
  const once = async (operation) => {
    for (const [i, file] of files.entries()) {
      if (operation === null) await load(file);
      else if (operation.kind === 'crop')
        await applyAugmentations(images[i], [{ operation }], { foreground, random: rng('bench', i), side });
      else await applyOne(images[i], operation, foreground, rng('bench', i));
    }
  };
  return async () => {
    const ms = {};
    for (const [name, operation] of Object.entries({ ...operations, ...others })) {
      if (name in operations) await once(operation);
      const start = performance.now();
      await once(operation);
      ms[name] = (performance.now() - start) / files.length;
    }
    return ms;
  };
}

/** Of each operation's ms in the rounds, the median. */
function mediansOf(rounds) {
  return Object.fromEntries(Object.keys(rounds[0]).map((name) => [name, median(rounds.map((ms) => ms[name]))]));
}

function reportOf({ ours, pillow, files, side }) {
  const rounded = (value) => Math.round(value * 100) / 100;
  const sum = (ms) => Object.keys(operations).reduce((total, name) => total + ms[name], 0);
  const row = (mine, peer) => ({
    msPerPhoto: rounded(mine),
    photosPerSecond: rounded(1000 / mine),
    pillowMsPerPhoto: peer === null ? null : rounded(peer),
    ratio: peer === null ? null : rounded(peer / mine),
  });
  const peerMs = (name) => pillow?.ms[name] ?? null;
  return {
    photos: files.length,
    side,
    threads: 1,
    operations: Object.fromEntries(Object.keys(operations).map((name) => [name, row(ours[name], peerMs(name))])),
    /** All seven, one after another. */
    total: row(sum(ours), pillow === null ? null : sum(pillow.ms)),
    others: Object.fromEntries(Object.keys(others).map((name) => [name, row(ours[name], null)])),
    pillow: pillow?.version ?? null,
    machine: machineFacts(),
  };
}

function tableOf({ photos, side, operations: counted, total, others: rest, pillow, machine }) {
  const line = (name, { msPerPhoto, pillowMsPerPhoto, ratio }) =>
    [name.padEnd(18), ...[msPerPhoto, pillowMsPerPhoto, ratio].map((value) => String(value ?? '-').padStart(10))].join(
      '',
    );
  return [
    `${'ms per photograph'.padEnd(18)}${'ours'.padStart(10)}${'Pillow'.padStart(10)}${'ratio'.padStart(10)}`,
    ...Object.entries(counted).map(([name, values]) => line(name, values)),
    line('all of these', total),
    ...Object.entries(rest).map(([name, values]) => line(name, values)),
    `${photos} photographs, shorter side ${side}, one thread; Pillow ${pillow ?? 'not measured'}; ${machine.cpu}, node ${machine.node}`,
  ].join('\n');
}
