// What attention leaves in a compiled graph where no fused operation computes it, as on a GPU.
import { startEngine, tf } from '@calm-orch/engine';
import { expect, test } from 'vitest';
import { createGraphBuilder, type GraphBuilder } from '../../../engine/src/graph/graph.ts';
import { record } from '../../../engine/src/graph/trace.ts';
import { attention } from './attention.ts';

const engine = await startEngine();

test.skipIf(engine.node === undefined)('its mask is computed in the graph, which holds no constant of its size', () => {
  const tokens = 64;
  const constants: number[] = [];
  const graph = createGraphBuilder(engine.protos);
  const noting: GraphBuilder = {
    ...graph,
    node: (op, inputs, attrs = {}, name) => {
      if (op === 'Const' && 'tensor' in attrs['value']!) constants.push(attrs['value'].tensor.bytes.length);
      return graph.node(op, inputs, attrs, name);
    },
  };
  tf.tidy(() =>
    record(
      engine,
      noting,
      ({ input, ref }) => {
        const x = input([1, tokens, 8], 'float32', 'x');
        ref([0, 1].reduce((y) => attention(y, y, y, 2, { causal: true }), x));
      },
      { precision: 'bf16' },
    ),
  );
  expect(graph.numNodes).toBeGreaterThan(20);
  expect(constants.length).toBeGreaterThan(0);
  expect(Math.max(...constants)).toBeLessThan(4 * tokens);
});
