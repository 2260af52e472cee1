// Each function of a program is traced once and runs as one call of a session that owns the variables.
import { CalmError } from '@calm-orch/core';
import type { Engine } from '../load.ts';
import { createGraphBuilder } from './graph.ts';
import { openSession, type Feed, type GraphSession } from './graph-session.ts';
import { addVariables } from './graph-variables.ts';
import {
  checkValues,
  everyVariable,
  functionOf,
  inputValues,
  type Program,
  type ProgramSpec,
  type Values,
} from './program-spec.ts';
import { traceFunctions } from './trace-functions.ts';

export interface Compiled {
  readonly program: Program;
  /** What running a function takes of a session, and gives. */
  callOf(
    name: string,
    inputs: Readonly<Record<string, Values>>,
  ): {
    readonly feeds: readonly Feed[];
    readonly fetches: readonly string[];
    readonly outputsOf: (fetched: readonly Float32Array[]) => Record<string, Float32Array>;
  };
}

export const compiledProgram = (engine: Engine, spec: ProgramSpec): Program =>
  compile(engine, spec, (dir) => openSession(engine, dir)).program;

/** `open`: a session of the SavedModel in a folder, which is gone afterwards. */
export function compile(engine: Engine, spec: ProgramSpec, open: (dir: string) => GraphSession): Compiled {
  const graph = createGraphBuilder(engine.protos);
  const names = Object.keys(spec.variables);
  const variables = addVariables(graph, spec.variables, spec.halved);
  const functions = traceFunctions(engine, graph, spec, variables.byName);
  const session = graph.withSavedModel(open);

  const runBranch = (index: number, values: Float32Array, shape: readonly number[], fetch: string): Float32Array => {
    const feeds = [
      { node: variables.indexFeed, values: Int32Array.of(index), shape: [] },
      { node: variables.valueFeed, values, shape },
    ];
    return session.run(feeds, [fetch])[0]!;
  };
  const zero = new Float32Array(1);
  if (names.length > 0) runBranch(names.length, zero, [], variables.assign);

  const assign = (variable: string, values: Float32Array): void => {
    checkValues(variable, spec.variables[variable], values);
    runBranch(names.indexOf(variable), values, spec.variables[variable]!, variables.assign);
  };
  const read = (variable: string): Float32Array => {
    const index = names.indexOf(variable);
    if (index < 0) throw new CalmError('internal', `program has no variable ${variable}`);
    return runBranch(index, zero, [], variables.read);
  };
  const callOf: Compiled['callOf'] = (name, inputs) => {
    functionOf(spec, name);
    const { feeds, outputs, fetches } = functions.get(name)!;
    return {
      feeds: feeds.map(({ key, node, spec: input }) => ({
        node,
        shape: input.shape,
        values: inputValues(name, key, input, inputs[key]),
      })),
      fetches,
      outputsOf: (fetched) => Object.fromEntries(outputs.map(({ key }, i) => [key, fetched[i]!])),
    };
  };
  const program: Program = {
    compiled: true,
    numNodes: graph.numNodes,
    ...everyVariable({ assign, read }),
    run: (name, inputs) => {
      const { feeds, fetches, outputsOf } = callOf(name, inputs);
      return outputsOf(session.run(feeds, fetches));
    },
    dispose: () => session.close(),
  };
  return { program, callOf };
}
