// Builds a TensorFlow GraphDef node by node and writes it as a SavedModel. Knows protobuf, not tfjs.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '@calm-orch/core';

/** TensorFlow's DataType numbers. */
export const dataTypes = {
  float32: 1,
  int32: 3,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  resource: 20,
} as const;
export type GraphType = keyof typeof dataTypes;

export type AttrValue =
  | { readonly type: GraphType }
  | { readonly shape: readonly number[] }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly types: readonly GraphType[] }
  | { readonly tensor: { readonly type: GraphType; readonly shape: readonly number[]; readonly bytes: Uint8Array } };

export interface GraphBuilder {
  /** Adds a node and returns its name; inputs are node names, `name:1` for later outputs, `^name` for control edges. */
  node(op: string, inputs: readonly string[], attrs?: Readonly<Record<string, AttrValue>>, name?: string): string;
  readonly numNodes: number;
  /** Writes a SavedModel to a temporary folder, hands the folder to `load`, removes it. */
  withSavedModel<T>(load: (dir: string) => T): T;
}

/**
 * A node's name that sorts as its number does. The order of names reaches the bits: with n99 and n100, gradients of one
 * and the same function differed when more nodes came before it (as with clipping, whose update is longer; gang-steps
 * tests). With names in the order of numbers they did not.
 */
export const orderedName = (prefix: string, number: number): string => `${prefix}${String(number).padStart(7, '0')}`;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- generated protobuf code without types
export function createGraphBuilder(protos: any): GraphBuilder {
  const nodes: unknown[] = [];
  const used = new Set<string>();

  const shapeProto = (shape: readonly number[]): unknown => {
    const message = new protos.TensorShape();
    for (const size of shape) {
      const dim = new protos.TensorShape.Dim();
      dim.setSize(size);
      message.addDim(dim);
    }
    return message;
  };
  const attrProto = (value: AttrValue): unknown => {
    const message = new protos.AttrValue();
    if ('type' in value) message.setType(dataTypes[value.type]);
    else if ('shape' in value) message.setShape(shapeProto(value.shape));
    else if ('int' in value) message.setI(value.int);
    else if ('float' in value) message.setF(value.float);
    else if ('bool' in value) message.setB(value.bool);
    else if ('string' in value) message.setS(Buffer.from(value.string));
    else if ('ints' in value) {
      const list = new protos.AttrValue.ListValue();
      list.setIList([...value.ints]);
      message.setList(list);
    } else if ('types' in value) {
      const list = new protos.AttrValue.ListValue();
      list.setTypeList(value.types.map((type) => dataTypes[type]));
      message.setList(list);
    } else {
      const tensor = new protos.Tensor();
      tensor.setDtype(dataTypes[value.tensor.type]);
      tensor.setTensorShape(shapeProto(value.tensor.shape));
      tensor.setTensorContent(value.tensor.bytes);
      message.setTensor(tensor);
    }
    return message;
  };

  const node: GraphBuilder['node'] = (op, inputs, attrs = {}, name = orderedName('n', nodes.length)) => {
    if (used.has(name)) throw new Error(`graph node ${name} exists already`);
    used.add(name);
    const message = new protos.NodeDef();
    message.setName(name);
    message.setOp(op);
    // TensorFlow wants control inputs last.
    message.setInputList([...inputs.filter((i) => !i.startsWith('^')), ...inputs.filter((i) => i.startsWith('^'))]);
    for (const [key, value] of Object.entries(attrs)) message.getAttrMap().set(key, attrProto(value));
    nodes.push(message);
    return name;
  };

  const serialize = (): Uint8Array => {
    const graph = new protos.GraphDef();
    graph.setNodeList(nodes);
    const version = new protos.VersionDef();
    // Any producer of TF 2.x will do; 1882 is 2.17's.
    version.setProducer(1882);
    graph.setVersions(version);
    const info = new protos.MetaGraphDef.MetaInfoDef();
    info.addTags('serve');
    const meta = new protos.MetaGraphDef();
    meta.setMetaInfoDef(info);
    meta.setGraphDef(graph);
    const model = new protos.SavedModel();
    model.setSavedModelSchemaVersion(1);
    model.addMetaGraphs(meta);
    return model.serializeBinary() as Uint8Array;
  };

  return {
    node,
    get numNodes() {
      return nodes.length;
    },
    withSavedModel: (load) => {
      const dir = makeTemporaryFolder('calm-orch-graph-');
      try {
        writeFileSync(join(dir, 'saved_model.pb'), serialize());
        return load(dir);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}
