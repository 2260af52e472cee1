import { expect, it } from 'vitest';
import { shardBytesOf } from './shard-size.ts';

it('reads sizes as transformers does', () => {
  expect(['5GB', '500MB', '2GiB', '64kb', '123', '10B', '1TB'].map(shardBytesOf)).toEqual([
    ...[5e9, 5e8, 2 ** 31, 64e3, 123, 10, 1e12],
  ]);
});

it('names what it cannot read', () => {
  for (const text of ['', '0', '5 apples', '-1GB', '1.5GB', 'GB', '9999999TB'])
    expect(() => shardBytesOf(text)).toThrow(/--max-shard-size: expected a size such as 5GB/);
});
