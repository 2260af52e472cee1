// RGB pixels in vectors of 16 bytes: taken apart into channels, put together again, one at a time. Bytes are moved by swizzles, in
// which -1 stands for zero: engines do those in one instruction, arbitrary shuffles of two vectors in a dozen.

/** Reds of 16 pixels out of their 48 bytes. */
@inline
export function red(a: v128, b: v128, c: v128): v128 {
  const ofA = i8x16.swizzle(a, i8x16(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const ofB = i8x16.swizzle(b, i8x16(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1));
  const ofC = i8x16.swizzle(c, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13));
  return v128.or(v128.or(ofA, ofB), ofC);
}

/** Greens of 16 pixels out of their 48 bytes. */
@inline
export function green(a: v128, b: v128, c: v128): v128 {
  const ofA = i8x16.swizzle(a, i8x16(1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const ofB = i8x16.swizzle(b, i8x16(-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1));
  const ofC = i8x16.swizzle(c, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14));
  return v128.or(v128.or(ofA, ofB), ofC);
}

/** Blues of 16 pixels out of their 48 bytes. */
@inline
export function blue(a: v128, b: v128, c: v128): v128 {
  const ofA = i8x16.swizzle(a, i8x16(2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const ofB = i8x16.swizzle(b, i8x16(-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1));
  const ofC = i8x16.swizzle(c, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15));
  return v128.or(v128.or(ofA, ofB), ofC);
}

/** The 48 bytes of 16 pixels. */
@inline
export function storePixels(to: usize, r: v128, g: v128, b: v128): void {
  const r0 = i8x16.swizzle(r, i8x16(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5));
  const g0 = i8x16.swizzle(g, i8x16(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1));
  const b0 = i8x16.swizzle(b, i8x16(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1));
  v128.store(to, v128.or(v128.or(r0, g0), b0));
  const r1 = i8x16.swizzle(r, i8x16(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1));
  const g1 = i8x16.swizzle(g, i8x16(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10));
  const b1 = i8x16.swizzle(b, i8x16(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1));
  v128.store(to, v128.or(v128.or(r1, g1), b1), 16);
  const r2 = i8x16.swizzle(r, i8x16(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1));
  const g2 = i8x16.swizzle(g, i8x16(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1));
  const b2 = i8x16.swizzle(b, i8x16(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15));
  v128.store(to, v128.or(v128.or(r2, g2), b2), 32);
}

/** One pixel as four 32-bit lanes, the fourth of no use. */
@inline
export function pixelAt(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

/** Four 32-bit lanes as bytes, clipped. */
@inline
export function byteLanes(v: v128): u32 {
  const words = i16x8.narrow_i32x4_s(v, v);
  return i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
}
