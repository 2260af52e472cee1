import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../safetensors.ts';
import { openTorchBin } from './torch-bin.ts';
import {
  floats,
  globalOp,
  pickleOf,
  words,
  writeTorchFile,
  zipOf,
  type PickledTensor,
} from '../torch-file.test-util.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-torch-bin-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'pytorch_model.bin');
const tensor: PickledTensor = { storage: '0', storageElements: 6, shape: [2, 3], strides: [3, 1] };
const numbers = [1, 2, 3, 4, 5, 6];

/** The values of key `w` of one storage of six numbers. */
function readView(view: Partial<PickledTensor>, storage = floats(numbers)): number[] {
  writeTorchFile(file, pickleOf({ w: { ...tensor, ...view } }), { 0: storage });
  const opened = openTorchBin(file);
  try {
    return [...opened.read('w').values];
  } finally {
    opened.close();
  }
}

describe('a file torch.save wrote', () => {
  const golden = (name: string): string =>
    fileURLToPath(new URL(`../../../fixtures/tiny-calm/llm/${name}`, import.meta.url));
  const unpack = (name: string): string => {
    writeFileSync(join(dir, name), gunzipSync(readFileSync(golden(`${name}.gz`))));
    return join(dir, name);
  };
  let bin: string;
  beforeAll(() => {
    bin = unpack('pytorch_model.bin');
  });

  it('holds the same shapes and bits as the safetensors of the same model', () => {
    const opened = openTorchBin(bin);
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'].map((name) =>
      openSafetensors(unpack(name)),
    );
    expect([...opened.keys].sort()).toEqual(shards.flatMap(({ keys }) => keys).sort());
    for (const shard of shards)
      for (const key of shard.keys) {
        expect(opened.shape(key)).toEqual(shard.shape(key));
        expect(Buffer.from(opened.read(key).values.buffer)).toEqual(Buffer.from(shard.read(key).values.buffer));
      }
    for (const each of [opened, ...shards]) each.close();
  });

  it('is refused when cut short anywhere', () => {
    const whole = readFileSync(bin);
    for (const bytes of [0, 3, 100, 3000, whole.length - 500, whole.length - 1]) {
      writeFileSync(file, whole);
      truncateSync(file, bytes);
      expect(() => openTorchBin(file)).toThrow(/pytorch_model\.bin: /);
    }
  });
});

describe('whole numbers of older files', () => {
  it('are known by name and shape, and not read', () => {
    const ids: PickledTensor = {
      type: 'LongStorage',
      storage: '1',
      storageElements: 3,
      shape: [1, 3],
      strides: [3, 1],
    };
    const bytes = Buffer.from(BigInt64Array.of(0n, 1n, 2n).buffer);
    writeTorchFile(file, pickleOf({ w: tensor, position_ids: ids }), { 0: floats(numbers), 1: bytes });
    const opened = openTorchBin(file);
    expect(opened.keys).toEqual(['w', 'position_ids']);
    expect(opened.shape('position_ids')).toEqual([1, 3]);
    expect([...opened.read('w').values]).toEqual(numbers);
    expect(() => opened.read('position_ids')).toThrow(/key position_ids is I64, expected F32, F16 or BF16/);
    opened.close();
  });
});

describe('tensors over storages', () => {
  it('are read through offsets, transposed, sliced and repeated', () => {
    expect(readView({})).toEqual(numbers);
    expect(readView({ shape: [3, 2], strides: [1, 3] })).toEqual([1, 4, 2, 5, 3, 6]);
    expect(readView({ shape: [2, 2], strides: [3, 1], offset: 1 })).toEqual([2, 3, 5, 6]);
    expect(readView({ shape: [2, 2], strides: [0, 1] })).toEqual([1, 2, 1, 2]);
    expect(readView({ shape: [2, 1, 3], strides: [3, 99, 1] })).toEqual(numbers);
    expect(readView({ shape: [], strides: [], offset: 5 })).toEqual([6]);
    expect(readView({ shape: [0, 3], strides: [3, 1] })).toEqual([]);
  });

  it('are widened exactly from F16 and BF16', () => {
    const half = words([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000]);
    expect(readView({ type: 'HalfStorage' }, half)).toEqual([1, -2, 2 ** -24, 65504, Infinity, -0]);
    const brain = words([0x3f80, 0xc000, 0x0001, 0x7f7f, 0xff80, 0x8000]);
    expect(readView({ type: 'BFloat16Storage' }, brain)).toEqual([
      1,
      -2,
      2 ** -133,
      (2 - 2 ** -7) * 2 ** 127,
      -Infinity,
      -0,
    ]);
  });

  it('are found in zip64 archives and below `model`', () => {
    writeTorchFile(file, pickleOf({ w: tensor }, 'model'), { 0: floats(numbers) }, { zip64: true });
    const opened = openTorchBin(file);
    expect([...opened.read('w').values]).toEqual(numbers);
    expect(opened.keys).toEqual(['w']);
    opened.close();
  });

  it('are read in place from beyond 4 GiB', () => {
    // The hole takes no room on disk; a reader that loaded the file whole would fail here.
    writeTorchFile(file, pickleOf({ w: tensor }), { 0: floats(numbers) }, { zip64: true, holeBytes: 5 * 2 ** 30 });
    const opened = openTorchBin(file);
    expect([...opened.read('w').values]).toEqual(numbers);
    opened.close();
    truncateSync(file, 0);
  });

  it('are refused where they reach past their storage', () => {
    expect(() => readView({ shape: [2, 4], strides: [3, 1] })).toThrow(
      /w \(2x4, strides 3,1\) claims elements 0 to 7 of a storage of 6/,
    );
    expect(() => readView({ offset: 1 })).toThrow(/claims elements 1 to 7/);
    expect(() => readView({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] })).toThrow(/w \(.*claims elements/);
  });

  it('are refused where the storage is missing or of another size', () => {
    expect(() => readView({ storageElements: 7 })).toThrow(/data\/0 should have 28 bytes \(7 x F32\), has 24/);
    expect(() => readView({ type: 'HalfStorage' })).toThrow(/should have 12 bytes \(6 x F16\), has 24/);
    expect(() => readView({ storage: '1' })).toThrow(/w is in data\/1, which the archive lacks/);
  });
});

describe('what no checkpoint needs', () => {
  const opening = (pickle: Buffer) => (): void => {
    writeTorchFile(file, pickle, { 0: floats(numbers) });
    openTorchBin(file).close();
  };
  const call = Buffer.from('(X\x04\x00\x00\x00truetR.', 'latin1');

  it('is refused by name when it is a global, in every spelling', () => {
    const refused =
      /pytorch_model\.bin: the pickle asks for the global posix\.system; only torch\.FloatStorage, .*safetensors/;
    expect(opening(Buffer.concat([globalOp('posix', 'system'), call]))).toThrow(refused);
    expect(opening(Buffer.from('(X\x04\x00\x00\x00trueiposix\nsystem\n.', 'latin1'))).toThrow(refused);
    expect(opening(Buffer.from('\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94)R.', 'latin1'))).toThrow(refused);
    expect(opening(Buffer.concat([globalOp('torch', 'DoubleStorage'), Buffer.from('.')]))).toThrow(
      /the global torch\.DoubleStorage/,
    );
    expect(opening(Buffer.concat([globalOp('torch._utils', '_rebuild_parameter'), Buffer.from('.')]))).toThrow(
      /_rebuild_parameter/,
    );
  });

  it('is refused when an admitted type is called or a state is set on it', () => {
    expect(opening(Buffer.concat([globalOp('torch', 'FloatStorage'), call]))).toThrow(
      /calls torch\.FloatStorage, which is only a type/,
    );
    expect(opening(Buffer.concat([globalOp('torch', 'FloatStorage'), Buffer.from('}b.')]))).toThrow(/sets the state/);
  });

  it('is refused when it is an opcode torch does not write, a short pickle, or no dict of tensors', () => {
    expect(opening(Buffer.from('\x80\x02\x82\x01.', 'latin1'))).toThrow(/opcode 0x82 at byte 2/);
    expect(opening(Buffer.from('\x80\x02}', 'latin1'))).toThrow(/ends early/);
    expect(opening(Buffer.from('X\xff\xff\xff\x7f.', 'latin1'))).toThrow(/ends early/);
    expect(opening(Buffer.from('\x80\x02h\x05.', 'latin1'))).toThrow(/malformed/);
    expect(opening(Buffer.from('\x80\x02].', 'latin1'))).toThrow(/no dict of tensors/);
    expect(opening(pickleOf({}))).toThrow(/holds no tensors/);
  });
});

describe('archives that are not torch.save ones', () => {
  const members = [
    { name: 'archive/data.pkl', content: pickleOf({ w: tensor }) },
    { name: 'archive/data/0', content: floats(numbers) },
  ];
  const opening = (archive: Buffer) => (): void => {
    writeFileSync(file, archive);
    openTorchBin(file).close();
  };

  it('are refused: compressed members, sizes past the file, doubled names, no pickle, big-endian, the old format', () => {
    const [pickle, storage] = members as [(typeof members)[0], (typeof members)[0]];
    expect(opening(zipOf(members))).not.toThrow();
    expect(opening(zipOf([pickle, { ...storage, method: 8 }]))).toThrow(/archive\/data\/0 is compressed/);
    expect(opening(zipOf([pickle, { ...storage, claimedBytes: 2 ** 31 }]))).toThrow(/archive\/data\/0 claims bytes/);
    expect(opening(zipOf([pickle, { ...storage, claimedBytes: 2 ** 52 }].slice(1), { zip64: true }))).toThrow(
      /claims bytes/,
    );
    expect(opening(zipOf([pickle, storage, storage]))).toThrow(/archive\/data\/0 occurs twice/);
    expect(opening(zipOf([storage]))).toThrow(/expected one member <name>\/data\.pkl, found 0/);
    expect(opening(zipOf([...members, { name: 'archive/byteorder', content: Buffer.from('big') }]))).toThrow(
      /big-endian/,
    );
    expect(opening(Buffer.from('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.', 'latin1'))).toThrow(/before version 1\.6/);
    expect(() => openTorchBin(join(dir, 'absent.bin'))).toThrow(/absent\.bin: cannot be opened \(ENOENT\)/);
  });
});
