// The variables of a compiled program in its graph. A session prepares every set of feeds and fetches anew, which takes as
// long as its graph is large. So one fetch assigns any of the variables or sets all to zero, and one reads any: a switch lets
// a value through to one branch alone.
import { orderedName, type GraphBuilder } from './graph.ts';
import type { Shape } from './program-spec.ts';

export const float = { type: 'float32' } as const;
export const half = { type: 'bfloat16' } as const;

export interface Variable {
  readonly handle: string;
  /** Its value, as it is before a function changes it. */
  readonly read: string;
  readonly shape: Shape;
  /** Whether `read` is bfloat16. */
  readonly isHalved: boolean;
}

export interface GraphVariables {
  readonly byName: ReadonlyMap<string, Variable>;
  readonly indexFeed: string;
  readonly valueFeed: string;
  /** Fetches that take the feeds: an index for each variable; to assign also one more, at which all become zero. */
  readonly assign: string;
  readonly read: string;
}

/** A scalar, once these control edges allow it. */
export const scalarConst = (graph: GraphBuilder, value: number, ...control: string[]): string =>
  graph.node('Const', control, {
    dtype: float,
    value: { tensor: { type: 'float32', shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) } },
  });

/** The value of whichever branch has one. */
export const merge = (graph: GraphBuilder, branches: readonly string[]): string =>
  graph.node('Merge', branches, { T: float, N: { int: branches.length } });

export function addVariables(
  graph: GraphBuilder,
  shapes: Readonly<Record<string, Shape>>,
  halved: ReadonlySet<string> = new Set(),
): GraphVariables {
  const names = Object.keys(shapes);
  const indexFeed = graph.node('Placeholder', [], { dtype: { type: 'int32' }, shape: { shape: [] } }, 'variable_index');
  const valueFeed = graph.node('Placeholder', [], { dtype: float }, 'variable_values');
  const branches = graph.node('_SwitchN', [valueFeed, indexFeed], {
    num_outs: { int: names.length + 1 },
    T: float,
  });
  const branchOf = (index: number): string => graph.node('Identity', [`${branches}:${index}`], { T: float });
  const zero = branchOf(names.length);
  const [assigns, reads, zeroed]: [string[], string[], string[]] = [[], [], []];
  const byName = new Map<string, Variable>();
  for (const [index, name] of names.entries()) {
    const shape = shapes[name]!;
    const id = orderedName('v', index);
    const isHalved = halved.has(name);
    const dtype = isHalved ? half : float;
    const stored = (value: string): string =>
      isHalved ? graph.node('Cast', [value], { SrcT: float, DstT: half }) : value;
    const handle = graph.node(
      'VarHandleOp',
      [],
      { dtype, shape: { shape }, shared_name: { string: id }, container: { string: '' } },
      id,
    );
    const dims = graph.node('Const', [], {
      dtype: { type: 'int32' },
      value: { tensor: { type: 'int32', shape: [shape.length], bytes: new Uint8Array(Int32Array.from(shape).buffer) } },
    });
    const zeros = graph.node('Fill', [dims, stored(zero)], { T: dtype, index_type: { type: 'int32' } });
    zeroed.push(graph.node('AssignVariableOp', [handle, zeros], { dtype }));
    const branch = branchOf(index);
    // A tensor that is fed may share the caller's memory, and a variable that of the tensor it is assigned.
    const own = isHalved ? stored(branch) : graph.node('DeepCopy', [branch], { T: float });
    assigns.push(scalarConst(graph, 1, `^${graph.node('AssignVariableOp', [handle, own], { dtype })}`));
    const value = graph.node('ReadVariableOp', [handle, `^${branch}`], { dtype });
    reads.push(isHalved ? graph.node('Cast', [value], { SrcT: half, DstT: float }) : value);
    const read = graph.node('ReadVariableOp', [handle], { dtype }, `${id}_read`);
    byName.set(name, { handle, read, shape, isHalved });
  }
  if (names.length === 0) return { byName, indexFeed, valueFeed, assign: '', read: '' };
  assigns.push(scalarConst(graph, 0, ...zeroed.map((each) => `^${each}`)));
  return { byName, indexFeed, valueFeed, assign: merge(graph, assigns), read: merge(graph, reads) };
}
