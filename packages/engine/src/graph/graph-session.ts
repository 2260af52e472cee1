// A graph in a session that owns its variables; what crosses its boundary are typed arrays.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Engine } from '../load.ts';
import type { Shape, Values } from './program-spec.ts';

export interface Feed {
  readonly node: string;
  readonly values: Values;
  readonly shape: Shape;
}

export interface GraphSession {
  /** Integers become floats, as everything that crosses the boundary outwards. */
  run(feeds: readonly Feed[], fetches: readonly string[]): Float32Array[];
  close(): void;
}

export const asFloats = (values: ArrayLike<number>): Float32Array =>
  values instanceof Float32Array ? values : Float32Array.from(values);

/** Of the SavedModel in a folder, by tfjs-node's binding. */
export function openSession({ tf, node: backend }: Engine, dir: string): GraphSession {
  const session = backend.loadSavedModelMetaGraph(dir, 'serve') as number;
  return {
    run: (feeds, fetches) => {
      const fed = feeds.map(({ values, shape }) =>
        tf.tensor(values, [...shape], values instanceof Float32Array ? 'float32' : 'int32'),
      );
      const names = feeds.map(({ node: name }) => ({ name }));
      const fetched = backend.runSavedModel(session, fed, names, fetches) as Tensor[];
      const values = fetched.map((tensor) => asFloats(tensor.dataSync()));
      tf.dispose([...fed, ...fetched]);
      return values;
    },
    close: () => backend.deleteSavedModel(session),
  };
}
