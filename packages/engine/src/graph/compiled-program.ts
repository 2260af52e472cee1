// Each function of a program is traced once and runs as one call of a session that owns the variables.
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import type { Engine } from '../load.ts';
import { createGraphBuilder } from './graph.ts';
import { addVariables } from './graph-variables.ts';
import { checkValues, everyVariable, functionOf, inputTensor, type Program, type ProgramSpec } from './program-spec.ts';
import { traceFunctions } from './trace-functions.ts';

/** Integers become floats, as everything that crosses the boundary outwards. */
function floatsOf(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

export function compiledProgram(engine: Engine, spec: ProgramSpec): Program {
  const { tf, node: backend, protos } = engine;
  const graph = createGraphBuilder(protos);
  const names = Object.keys(spec.variables);
  const variables = addVariables(graph, spec.variables, spec.halved);
  const functions = traceFunctions(engine, graph, spec, variables.byName);
  const session = graph.withSavedModel((dir) => backend.loadSavedModelMetaGraph(dir, 'serve') as number);

  const runSession = (inputs: readonly Tensor[], feeds: readonly string[], fetches: readonly string[]): Tensor[] =>
    backend.runSavedModel(
      session,
      inputs,
      feeds.map((name) => ({ name })),
      fetches,
    ) as Tensor[];
  const runBranch = (index: number, value: Tensor, fetch: string): Tensor => {
    const chosen = tf.scalar(index, 'int32');
    const [result] = runSession([chosen, value], [variables.indexFeed, variables.valueFeed], [fetch]);
    tf.dispose([chosen, value]);
    return result!;
  };
  if (names.length > 0) runBranch(names.length, tf.scalar(0), variables.assign).dispose();

  const assign = (variable: string, values: Float32Array): void => {
    checkValues(variable, spec.variables[variable], values);
    const tensor = tf.tensor(values, [...spec.variables[variable]!], 'float32');
    runBranch(names.indexOf(variable), tensor, variables.assign).dispose();
  };
  const read = (variable: string): Float32Array => {
    const index = names.indexOf(variable);
    if (index < 0) throw new CalmError('internal', `program has no variable ${variable}`);
    const tensor = runBranch(index, tf.scalar(0), variables.read);
    const values = tensor.dataSync() as Float32Array;
    tensor.dispose();
    return values;
  };

  return {
    compiled: true,
    numNodes: graph.numNodes,
    ...everyVariable({ assign, read }),
    run: (name, inputs) => {
      functionOf(spec, name);
      const { feeds, outputs, fetches } = functions.get(name)!;
      const tensors = feeds.map((f) => inputTensor(engine, name, f.key, f.spec, inputs[f.key]));
      const fetched = runSession(
        tensors,
        feeds.map((f) => f.node),
        fetches,
      );
      const values = Object.fromEntries(outputs.map((o, i) => [o.key, floatsOf(fetched[i]!)]));
      tf.dispose([...tensors, ...fetched]);
      return values;
    },
    dispose: () => backend.deleteSavedModel(session),
  };
}
