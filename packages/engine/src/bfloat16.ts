// bfloat16, the upper half of a float32: what a product in bf16 makes of its factors anyway.

const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer as ArrayBuffer, values.byteOffset, values.length);

/** Rounds in place to the nearest bfloat16, halves to even, as TensorFlow's Cast does. */
export function roundToBfloat16(values: Float32Array): void {
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const half = (bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1)) >>> 16;
    bits[i] = half << 16;
  }
}

/** Of values that are bfloat16 already, the halves that are not zero. */
export function upperHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(bitsOf(values), (bits) => bits >>> 16);
}

/** The values of `upperHalves`, into `target`. */
export function widen(halves: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
}
