import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createGraphBuilder } from './graph.ts';
import { startEngine } from './load.ts';
import { record } from './trace.ts';

const engine = await startEngine();
const { tf } = engine;

describe.skipIf(engine.node === undefined)('a recording', () => {
  it('gives the back end its methods back, also when the traced code throws', () => {
    const { executeSingleOutput, executeMultipleOutputs } = engine.node;
    const graph = createGraphBuilder(engine.protos);
    const failing = () =>
      record(engine, graph, () => {
        expect(engine.node.executeSingleOutput).not.toBe(executeSingleOutput);
        throw new Error('the body failed');
      });
    expect(failing).toThrow('the body failed');
    expect(engine.node.executeSingleOutput).toBe(executeSingleOutput);
    expect(engine.node.executeMultipleOutputs).toBe(executeMultipleOutputs);
    const square = tf.scalar(2).square();
    expect(square.dataSync()[0]).toBe(4);
    expect(graph.numNodes).toBe(0);
  });

  it('takes a copy that changes nothing for the tensor itself, and equal constants for one', () => {
    const graph = createGraphBuilder(engine.protos);
    tf.tidy(() =>
      record(engine, graph, ({ bind, ref }) => {
        const x = tf.tensor1d([1, 2]);
        bind(x, 'x');
        expect(ref(x.toFloat().reshape([2]).flatten())).toBe('x');
        expect(ref(x.reshape([2, 1]))).not.toBe('x');
        const before = graph.numNodes;
        x.add(tf.scalar(3)).mul(tf.scalar(3));
        // Two operations, one constant.
        expect(graph.numNodes - before).toBe(3);
      }),
    );
  });
});

describe.skipIf(engine.node === undefined)('a graph', () => {
  it('refuses a second node of the same name', () => {
    const graph = createGraphBuilder(engine.protos);
    graph.node('NoOp', [], {}, 'n');
    expect(() => graph.node('NoOp', [], {}, 'n')).toThrow('graph node n exists already');
  });

  it('leaves no file behind, whether loading succeeds or fails', () => {
    const graph = createGraphBuilder(engine.protos);
    graph.node('NoOp', []);
    const dir = graph.withSavedModel((at) => {
      expect(existsSync(at)).toBe(true);
      return at;
    });
    expect(existsSync(dir)).toBe(false);
    let seen = '';
    const failing = () =>
      graph.withSavedModel((at) => {
        seen = at;
        throw new Error('no session');
      });
    expect(failing).toThrow('no session');
    expect(existsSync(seen)).toBe(false);
  });
});
