import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpack } from './unpack.ts';
import { place } from './wheel.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-unpack-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A zip file with these members, deflated, mode 0755; checksums are left zero, since nothing reads them. */
function makeZip(members: Readonly<Record<string, string>>): string {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(members)) {
    const data = deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((0o100755 << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), shared, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  const path = join(dir, 'made.whl');
  writeFileSync(path, Buffer.concat([...locals, directory, end]));
  return path;
}

test('unpacks of a TensorFlow wheel the libraries, the C headers and the CUDA libraries, and nothing else', async () => {
  const zip = makeZip({
    'tensorflow/libtensorflow_cc.so.2': 'library',
    'tensorflow/libtensorflow_framework.so.2': 'framework',
    'tensorflow/include/tensorflow/c/c_api.h': 'header',
    'tensorflow/include/Eigen/Core': 'unneeded',
    'tensorflow/python/__init__.py': 'unneeded',
    'nvidia/cublas/lib/libcublas.so.12': 'cuda',
    'nvidia/cublas/include/cublas.h': 'unneeded',
  });
  const target = join(dir, 'deps');
  expect(await unpack(zip, { target, place })).toBe(4);
  const files = readdirSync(target, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(target, name)).isFile(),
  );
  expect(files.sort()).toEqual([
    'include/tensorflow/c/c_api.h',
    'lib/libtensorflow_cc.so.2',
    'lib/libtensorflow_framework.so.2',
    'nvidia/cublas/lib/libcublas.so.12',
  ]);
  expect(readFileSync(join(target, 'lib/libtensorflow_cc.so.2'), 'utf8')).toBe('library');
  expect(statSync(join(target, 'lib/libtensorflow_cc.so.2')).mode & 0o777).toBe(0o755);
});

test('refuses members that would land outside', async () => {
  const zip = makeZip({ '../outside': 'x' });
  await expect(unpack(zip, { target: join(dir, 'deps'), place: (name) => name })).rejects.toThrow(
    /invalid relative path/,
  );
});

test('fails on a file that ends too early', async () => {
  const zip = makeZip({ 'a.txt': 'content' });
  writeFileSync(zip, readFileSync(zip).subarray(0, 40));
  await expect(unpack(zip, { target: join(dir, 'deps'), place: (name) => name })).rejects.toThrow();
});
