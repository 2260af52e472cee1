// Files of more than 2 GiB, which no single read, write or hash takes, of more than 4, where offsets need more than 32 bits, and
// a tensor of more than 4, which no Buffer of Node 20 holds: in processes of their own, with the built program.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-large-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** What `body` returns, and the peak of its process. */
function inProcess<T>(body: string): T & { readonly peakBytes: number } {
  const built = (path: string): string => JSON.stringify(new URL(`../../packages/${path}`, import.meta.url).href);
  const program = `
    import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
    import { join } from 'node:path';
    import { loadNewestCheckpoint } from ${built('trainer/dist/training/checkpoint.js')};
    import { createCheckpointWriter } from ${built('trainer/dist/training/checkpoint-writer.js')};
    import { fingerprintOf } from ${built('trainer/dist/training/model-weights.js')};
    import { openSafetensors } from ${built('model/dist/checkpoints/safetensors.js')};
    import { importFoundation, readFoundationFiles } from ${built('coordinator/dist/plan/foundation-artifact.js')};
    import { fileHasher } from ${built('coordinator/dist/plan/file-hashes.js')};
    import { layoutOf } from ${built('coordinator/dist/artifacts/layout.js')};
    import { damageOf } from ${built('coordinator/dist/artifacts/damage.js')};
    import { writeModel } from ${built('cli/dist/models/export-model.js')};
    import { nano } from ${built('core/dist/index.js')};
    import { cut, lazyNumbers, llmKey, llmShapes, mfamShapes, openWeights, statesOf, visionShapes, writeSafetensors } from ${built('model/dist/index.js')};
    const dir = ${JSON.stringify(dir)};
    const result = await (async () => { ${body} })();
    console.log(JSON.stringify({ ...result, peakBytes: process.resourceUsage().maxRSS * 1024 }));`;
  const args = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as T & { peakBytes: number };
}

test('a checkpoint of two members, one part above 4 GiB and one above 2, is saved, hashed and restored bit for bit', () => {
  const { sizes, isRestored, isSkipped, peakBytes } = inProcess<{
    sizes: number[];
    isRestored: boolean;
    isSkipped: boolean;
  }>(`
    const slices = [{ first: 0, end: 370e6 }, { first: 370e6, end: 550e6 }];
    // Other numbers in each piece of each vector.
    const pieceAt = (salt, first, length) => {
      const piece = new Float32Array(length).fill(salt);
      piece[0] = piece[length - 1] = first;
      return piece;
    };
    const pieceLength = 1e7;
    const vector = (salt, { first, end }) =>
      lazyNumbers(Array((end - first) / pieceLength).fill(pieceLength), (i) => pieceAt(salt, first + i * pieceLength, pieceLength));
    const salts = { weights: 0.1, firstMoment: -1e-3, secondMoment: 1e-6 };
    const stateOf = (slice) => Object.fromEntries(Object.entries(salts).map(([name, salt]) => [name, vector(salt, slice)]));
    const later = () => {
      const made = {};
      made.promise = new Promise((resolve) => (made.resolve = resolve));
      return made;
    };
    const told = slices.map(later);
    const exchange = (rank) => (_, own) => (told[rank].resolve(own), Promise.all(told.map(({ promise }) => promise)));
    const saved = slices.map(async (slice, rank) => {
      const writer = createCheckpointWriter(dir);
      const state = stateOf(slice);
      const part = { generation: 1, rank, slices, state, exchange: exchange(rank) };
      const isSaved = await (await writer.begin({ step: 7, state }, { part })).saved;
      await writer.close();
      return isSaved;
    });
    const areSaved = (await Promise.all(saved)).every(Boolean);
    const back = loadNewestCheckpoint(dir);
    const bytes = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const equal = (name) => {
      let at = 0;
      for (const piece of cut(back.state[name], Array(slices[1].end / pieceLength).fill(pieceLength))) {
        if (!bytes(piece).equals(bytes(pieceAt(salts[name], at, pieceLength)))) return false;
        at += pieceLength;
      }
      return at === slices[1].end && back.state[name].length === at;
    };
    const isRestored = areSaved && back.step === 7 && Object.keys(salts).every(equal);
    const parts = [1, 2].map((r) => join(dir, \`step-00000007.1-0000\${r}-of-00002.safetensors\`));
    const sizes = parts.map((path) => statSync(path).size);
    const descriptor = openSync(parts[0], 'r+');
    writeSync(descriptor, Buffer.from([1]), 0, 1, sizes[0] - 1);
    closeSync(descriptor);
    return { sizes, isRestored, isSkipped: loadNewestCheckpoint(dir) === undefined };`);
  expect(sizes[0]).toBeGreaterThan(2 ** 32);
  expect(sizes[1]).toBeGreaterThan(2 ** 31);
  expect({ isRestored, isSkipped }).toEqual({ isRestored: true, isSkipped: true });
  console.log(
    `saved ${((sizes[0]! + sizes[1]!) / 1e9).toFixed(1)} GB with a peak of ${Math.round(peakBytes / 1e6)} MB`,
  );
  // What two threads have of copies, and pieces.
  expect(peakBytes).toBeLessThan(1e9);
}, 1_200_000);

test('a foundation above 2 GiB becomes an artifact that verifies, in the memory of a piece', () => {
  const { bytes, damage, peakBytes } = inProcess<{ bytes: number; damage: readonly unknown[] }>(`
    const file = join(dir, 'foundation.safetensors');
    writeFileSync(file, 'not looked into');
    truncateSync(file, 2 ** 31 + 4096);
    const layout = layoutOf(join(dir, 'runs'));
    const config = { checkpoint: file, vision: null, llm: null, qformer: null, projector: null };
    const found = readFoundationFiles(config, fileHasher());
    importFoundation(layout, { only: null, seeds: [0], rows: [{ config: () => ({ foundation: config }) }] }, () => found);
    return { bytes: statSync(join(layout.artifact(found.key), 'foundation.safetensors')).size, damage: damageOf(layout, found.key, 'all') };`);
  expect({ bytes, damage }).toEqual({ bytes: 2 ** 31 + 4096, damage: [] });
  expect(peakBytes).toBeLessThan(500e6);
}, 600_000);

test('a tensor above 4 GiB is read and fingerprinted', () => {
  const { last, fingerprint } = inProcess<{ last: readonly number[]; fingerprint: string }>(`
    const numValues = 2 ** 30 + 2 ** 10;
    const json = Buffer.from(JSON.stringify({ w: { dtype: 'F32', shape: [numValues], data_offsets: [0, 4 * numValues] } }).padEnd(128));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    const path = join(dir, 'model.safetensors');
    writeFileSync(path, Buffer.concat([length, json]));
    truncateSync(path, 8 + json.length + 4 * numValues);
    const descriptor = openSync(path, 'r+');
    writeSync(descriptor, new Uint8Array(Float32Array.of(1.5, -2.5).buffer), 0, 8, 8 + json.length + 4 * (numValues - 2));
    closeSync(descriptor);
    const file = openSafetensors(path);
    const w = file.read('w');
    file.close();
    return { last: [...w.values.subarray(-3)], fingerprint: fingerprintOf({ w }) };`);
  expect(last).toEqual([0, 1.5, -2.5]);
  // By sha256sum of the GNU coreutils over the name, the shape and the bytes.
  expect(fingerprint).toBe('b24e9c601166f0499603dc993cff12d5fb3a5bef06b41cb87368186337be14d5');
}, 600_000);

test("a model above 4 GiB goes out in Hugging Face's shards, one of them above 4 GiB, in the memory of a tensor", () => {
  const setup = `
    const { vision, mfam } = nano;
    const llm = { ...nano.llm, hiddenSize: 4096, mlpSize: 11008, vocabSize: 32000, numHeads: 32, numKeyValueHeads: 32, numLayers: 5 };
    const shapes = { ...llmShapes(llm), ...mfamShapes(mfam, statesOf(vision), llm) };
    const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);
    const [foundation, model, out] = ['foundation', 'model.safetensors', 'out'].map((name) => join(dir, name));`;
  // Other numbers in each piece of each tensor.
  const { sourceBytes } = inProcess<{ sourceBytes: number }>(`${setup}
    const pattern = Float32Array.from({ length: 2 ** 22 }, (_, i) => i % 99991);
    let salt = 0;
    const pieces = function* (size) {
      for (let at = 0; at < size; at += pattern.length) {
        pattern[0] = pattern[Math.min(pattern.length, size - at) - 1] = ++salt;
        yield pattern.subarray(0, Math.min(pattern.length, size - at));
      }
    };
    const lazily = (shape) => ({ shape, values: { [Symbol.iterator]: () => pieces(sizeOf(shape)) } });
    const zeros = (shape) => ({ shape, values: new Float32Array(sizeOf(shape)) });
    const each = (shapes, make) => Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, make(shape)]));
    mkdirSync(foundation);
    writeSafetensors(join(foundation, 'foundation.safetensors'), each(visionShapes(vision), zeros));
    writeSafetensors(model, each(shapes, lazily));
    return { sourceBytes: statSync(model).size };`);
  expect(sourceBytes).toBeGreaterThan(5e9);
  const { names, sizes, peakBytes } = inProcess<{ names: string[]; sizes: number[] }>(`${setup}
    await writeModel(out, { run: 'r', row: 'all', seed: 0, config: { ...nano, llm }, foundation, model }, '# card');
    const names = readdirSync(join(out, 'llm')).filter((name) => name.endsWith('.safetensors')).sort();
    return { names, sizes: names.map((name) => statSync(join(out, 'llm', name)).size) };`);
  expect(names).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
  expect(sizes[0]).toBeGreaterThan(2 ** 32);
  expect(sizes[0]).toBeLessThanOrEqual(5e9 + 1e5);
  console.log(`exported ${(sourceBytes / 1e9).toFixed(1)} GB with a peak of ${Math.round(peakBytes / 1e6)} MB`);
  // A twelfth of the model: pieces of 64 MiB, and what waits to be collected.
  expect(peakBytes).toBeLessThan(sourceBytes / 12);
  const { different, compared } = inProcess<{ different: string[]; compared: number }>(`${setup}
    const source = openSafetensors(model);
    const exported = openWeights(join(out, 'llm'), llmKey, llmShapes(llm));
    const bytes = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const different = exported.keys.filter((key) => !bytes(source.read(key).values).equals(bytes(exported.read(key).values)));
    const index = JSON.parse(readFileSync(join(out, 'llm/model.safetensors.index.json')));
    return { different, compared: index.metadata.total_size };`);
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(5e9);
}, 1_200_000);
