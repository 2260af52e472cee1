// Protobuf messages of foreign formats, written by the numbers of their fields: a few fields of two formats are needed, and
// neither's .proto files are ours.
import { BinaryWriter } from '@bufbuild/protobuf/wire';

type Value =
  | { readonly text: string }
  | { readonly double: number }
  | { readonly float: number }
  | { readonly integer: number }
  | { readonly message: Uint8Array };

export type Field = readonly [number: number, value: Value];

const wire = { varint: 0, bit64: 1, lengthDelimited: 2, bit32: 5 } as const;

export function encodeMessage(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  const tag = (number: number, type: number): BinaryWriter => writer.uint32(number * 8 + type);
  for (const [number, value] of fields) {
    if ('text' in value) tag(number, wire.lengthDelimited).string(value.text);
    else if ('double' in value) tag(number, wire.bit64).double(value.double);
    else if ('float' in value) tag(number, wire.bit32).fixed32(floatBits(value.float));
    else if ('integer' in value) tag(number, wire.varint).int64(value.integer);
    else tag(number, wire.lengthDelimited).bytes(value.message);
  }
  return writer.finish();
}

/** The writer's own `float` refuses infinities. */
function floatBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}
