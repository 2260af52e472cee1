// A checkpoint as users download it: one file or several with an index, safetensors or torch's `.bin`. Opening reads
// names only; a shard is opened when its first tensor is asked for, and a tensor is read when it is asked for.
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CalmError, readJson } from '@calm-orch/core';
import { openSafetensors, type NamedTensor } from './safetensors.ts';
import { openTorchBin, type TensorFile } from './torch/torch-bin.ts';

export type CheckpointFormat = 'safetensors' | 'bin';

export interface Checkpoint {
  /** The file, or the index of a sharded checkpoint: for messages. */
  readonly path: string;
  readonly keys: readonly string[];
  /** File that holds a key. */
  fileOf(key: string): string;
  shape(key: string): readonly number[];
  read(key: string): NamedTensor;
  close(): void;
}

/** Names Hugging Face gives, in the order transformers looks for them. */
const fileNames: Readonly<Record<CheckpointFormat, readonly string[]>> = {
  safetensors: ['model.safetensors', 'model.safetensors.index.json'],
  bin: ['pytorch_model.bin', 'pytorch_model.bin.index.json'],
};

/** The checkpoint in a model folder, or `path` itself where it is a file; undefined where there is none. */
export function findCheckpoint(
  path: string,
  formats: readonly CheckpointFormat[] = ['safetensors', 'bin'],
): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return path;
  return formats
    .flatMap((format) => fileNames[format])
    .map((name) => join(path, name))
    .find((file) => existsSync(file));
}

/**
 * Opens a model folder, an index or a single file.
 * @param formats What to look for in a folder, in this order. @default safetensors, then bin
 * @throws CalmError `not_found` where nothing is there or a shard is missing; `bad_data` for what is not a checkpoint.
 */
export function openCheckpoint(path: string, formats?: readonly CheckpointFormat[]): Checkpoint {
  const file = findCheckpoint(path, formats);
  if (file === undefined) {
    const names = (formats ?? ['safetensors', 'bin']).flatMap((format) => fileNames[format]);
    throw new CalmError('not_found', `${path}: no checkpoint; expected a file, or a folder with ${names.join(' or ')}`);
  }
  return file.endsWith('.index.json') ? openSharded(file) : openSingle(file);
}

const openFile = (path: string): TensorFile =>
  path.endsWith('.safetensors') ? openSafetensors(path) : openTorchBin(path);

function openSingle(path: string): Checkpoint {
  const file = openFile(path);
  return {
    path,
    keys: file.keys,
    fileOf: () => path,
    shape: (key) => file.shape(key),
    read: (key) => file.read(key),
    close: () => file.close(),
  };
}

function openSharded(index: string): Checkpoint {
  const shardOf = readIndex(index);
  const missing = [...new Set(shardOf.values())].filter((name) => !existsSync(join(dirname(index), name)));
  if (missing.length > 0)
    throw new CalmError(
      'not_found',
      `${index}: names ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not there; download the whole folder`,
    );
  const open = new Map<string, TensorFile>();
  const shardName = (key: string): string => {
    const name = shardOf.get(key);
    if (name === undefined) throw new CalmError('bad_data', `${index}: key ${key} is missing`);
    return name;
  };
  const shard = (key: string): TensorFile => {
    const name = shardName(key);
    let file = open.get(name);
    if (file === undefined) {
      file = openFile(join(dirname(index), name));
      open.set(name, file);
      const surplus = file.keys.find((held) => shardOf.get(held) !== name);
      if (surplus !== undefined)
        throw new CalmError('bad_data', `${file.path}: key ${surplus} is not in this file according to ${index}`);
      const held = new Set(file.keys);
      const absent = [...shardOf].find(([named, where]) => where === name && !held.has(named));
      if (absent !== undefined)
        throw new CalmError('bad_data', `${file.path}: key ${absent[0]} is missing; ${index} says it is in this file`);
    }
    return file;
  };
  return {
    path: index,
    keys: [...shardOf.keys()],
    fileOf: (key) => join(dirname(index), shardName(key)),
    shape: (key) => shard(key).shape(key),
    read: (key) => shard(key).read(key),
    close: () => {
      for (const file of open.values()) file.close();
      open.clear();
    },
  };
}

/** `weight_map` of an index: key -> file name beside the index. */
function readIndex(path: string): Map<string, string> {
  const { weight_map: map } = (readJson(path) ?? {}) as { weight_map?: unknown };
  const entries: [string, unknown][] = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  if (entries.length === 0) throw new CalmError('bad_data', `${path}: expected weight_map, from keys to files`);
  return new Map(
    entries.map(([key, name]) => {
      if (typeof name !== 'string' || !/^[^/\\]+\.(safetensors|bin)$/.test(name))
        throw new CalmError(
          'bad_data',
          `${path}: ${key} should be in a .safetensors or .bin file beside the index, got ${JSON.stringify(name)}`,
        );
      return [key, name];
    }),
  );
}
