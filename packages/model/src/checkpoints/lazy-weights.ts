// The weights of a safetensors file, read one at a time: a model is not in memory beside the program that takes it.
import type { WeightReader } from '../training/shard-gradients.ts';
import { openSafetensors } from './safetensors.ts';

/** The file is opened for each. @throws CalmError `bad_data`, `not_found` */
export function lazyWeights(path: string): WeightReader {
  return (key) => {
    const file = openSafetensors(path);
    try {
      return file.keys.includes(key) ? file.read(key) : undefined;
    } finally {
      file.close();
    }
  };
}
