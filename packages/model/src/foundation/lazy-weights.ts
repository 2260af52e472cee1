// Weights that are read from their file when somebody looks at them, so that a checkpoint of 13 GB needs the memory of
// what is made of it plus one tensor.
import type { WeightSource } from '../checkpoints/load.ts';
import type { NamedTensor } from '../checkpoints/safetensors.ts';
import type { Shapes, Weights } from '../training/shard-gradients.ts';

/** Of each key shape and place; `values` reads them anew at every access and keeps nothing. */
export function lazyWeights(source: Pick<WeightSource, 'keys' | 'read'>, shapes: Shapes): Weights {
  return Object.fromEntries(
    source.keys.map((key): [string, NamedTensor] => [
      key,
      {
        shape: shapes[key]!,
        get values() {
          return source.read(key).values;
        },
      },
    ]),
  );
}
