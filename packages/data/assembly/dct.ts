// The 8 x 8 DCT of libjpeg ("islow": 13-bit constants, two passes) on eight rows of eight 16-bit numbers, to the bit. Constants and
// roundings: jfdctint.c, jidctint.c of libjpeg, after Loeffler, Ligtenberg and Moschytz (1989).

/** Factors of a dot product of pairs. */
@inline
export function pairs(first: i32, second: i32): v128 {
  return i32x4.splat((first & 0xffff) | (second << 16));
}

@inline
export function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

@inline
export function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

@inline
function lowWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

@inline
function highWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}

@inline
function lowHalves(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

@inline
function highHalves(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/** An 8 x 8 block of 16-bit numbers, 128 bytes, turned over in place. */
@inline
export function transpose(block: usize): void {
  const a0 = v128.load(block);
  const a1 = v128.load(block, 16);
  const a2 = v128.load(block, 32);
  const a3 = v128.load(block, 48);
  const a4 = v128.load(block, 64);
  const a5 = v128.load(block, 80);
  const a6 = v128.load(block, 96);
  const a7 = v128.load(block, 112);
  const b0 = lowPairs(a0, a1);
  const b1 = highPairs(a0, a1);
  const b2 = lowPairs(a2, a3);
  const b3 = highPairs(a2, a3);
  const b4 = lowPairs(a4, a5);
  const b5 = highPairs(a4, a5);
  const b6 = lowPairs(a6, a7);
  const b7 = highPairs(a6, a7);
  const c0 = lowWords(b0, b2);
  const c1 = highWords(b0, b2);
  const c2 = lowWords(b1, b3);
  const c3 = highWords(b1, b3);
  const c4 = lowWords(b4, b6);
  const c5 = highWords(b4, b6);
  const c6 = lowWords(b5, b7);
  const c7 = highWords(b5, b7);
  v128.store(block, lowHalves(c0, c4));
  v128.store(block, highHalves(c0, c4), 16);
  v128.store(block, lowHalves(c1, c5), 32);
  v128.store(block, highHalves(c1, c5), 48);
  v128.store(block, lowHalves(c2, c6), 64);
  v128.store(block, highHalves(c2, c6), 80);
  v128.store(block, lowHalves(c3, c7), 96);
  v128.store(block, highHalves(c3, c7), 112);
}

// Constants of the DCT in 13-bit fixed point, named by their value.
const F0298: i32 = 2446;
const F0390: i32 = 3196;
const F0541: i32 = 4433;
const F0765: i32 = 6270;
const F0899: i32 = 7373;
const F1175: i32 = 9633;
const F1501: i32 = 12299;
const F1847: i32 = 15137;
const F1961: i32 = 16069;
const F2053: i32 = 16819;
const F2562: i32 = 20995;
const F3072: i32 = 25172;

/** Eight 32-bit sums as 16-bit numbers, `round` added and `shift` bits dropped. */
@inline
export function descaled(low: v128, high: v128, round: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(low, round), shift),
    i32x4.shr_s(i32x4.add(high, round), shift),
  );
}

/** The odd half of either transform, first operand and second operand of a dot product with (z3, z4) and with (a, b). */
@inline
function odd(z34: v128, ofZ: v128, ab: v128, ofAb: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(z34, ofZ), i32x4.dot_i16x8_s(ab, ofAb));
}

/** One pass of the forward DCT down the eight rows; `firstPass` keeps two more bits, the second takes them away. */
@inline
export function forwardPass(block: usize, firstPass: bool): void {
  const d0 = v128.load(block);
  const d1 = v128.load(block, 16);
  const d2 = v128.load(block, 32);
  const d3 = v128.load(block, 48);
  const d4 = v128.load(block, 64);
  const d5 = v128.load(block, 80);
  const d6 = v128.load(block, 96);
  const d7 = v128.load(block, 112);
  const t0 = i16x8.add(d0, d7);
  const t7 = i16x8.sub(d0, d7);
  const t1 = i16x8.add(d1, d6);
  const t6 = i16x8.sub(d1, d6);
  const t2 = i16x8.add(d2, d5);
  const t5 = i16x8.sub(d2, d5);
  const t3 = i16x8.add(d3, d4);
  const t4 = i16x8.sub(d3, d4);
  const t10 = i16x8.add(t0, t3);
  const t13 = i16x8.sub(t0, t3);
  const t11 = i16x8.add(t1, t2);
  const t12 = i16x8.sub(t1, t2);
  const shift = firstPass ? 11 : 15;
  const round = i32x4.splat(1 << (shift - 1));
  const sum = i16x8.add(t10, t11);
  const difference = i16x8.sub(t10, t11);
  if (firstPass) {
    v128.store(block, i16x8.shl(sum, 2));
    v128.store(block, i16x8.shl(difference, 2), 64);
  } else {
    const two = i16x8.splat(2);
    v128.store(block, i16x8.shr_s(i16x8.add(sum, two), 2));
    v128.store(block, i16x8.shr_s(i16x8.add(difference, two), 2), 64);
  }
  const evenLow = lowPairs(t12, t13);
  const evenHigh = highPairs(t12, t13);
  const of2 = pairs(F0541, F0541 + F0765);
  const of6 = pairs(F0541 - F1847, F0541);
  v128.store(
    block,
    descaled(i32x4.dot_i16x8_s(evenLow, of2), i32x4.dot_i16x8_s(evenHigh, of2), round, shift),
    32,
  );
  v128.store(
    block,
    descaled(i32x4.dot_i16x8_s(evenLow, of6), i32x4.dot_i16x8_s(evenHigh, of6), round, shift),
    96,
  );
  const z3 = i16x8.add(t4, t6);
  const z4 = i16x8.add(t5, t7);
  const zLow = lowPairs(z3, z4);
  const zHigh = highPairs(z3, z4);
  const outerLow = lowPairs(t4, t7);
  const outerHigh = highPairs(t4, t7);
  const innerLow = lowPairs(t5, t6);
  const innerHigh = highPairs(t5, t6);
  const ofZ3 = pairs(F1175 - F1961, F1175);
  const ofZ4 = pairs(F1175, F1175 - F0390);
  const of7 = pairs(F0298 - F0899, -F0899);
  const of5 = pairs(F2053 - F2562, -F2562);
  const of3 = pairs(-F2562, F3072 - F2562);
  const of1 = pairs(-F0899, F1501 - F0899);
  v128.store(block, descaled(odd(zLow, ofZ4, outerLow, of1), odd(zHigh, ofZ4, outerHigh, of1), round, shift), 16);
  v128.store(block, descaled(odd(zLow, ofZ3, innerLow, of3), odd(zHigh, ofZ3, innerHigh, of3), round, shift), 48);
  v128.store(block, descaled(odd(zLow, ofZ4, innerLow, of5), odd(zHigh, ofZ4, innerHigh, of5), round, shift), 80);
  v128.store(block, descaled(odd(zLow, ofZ3, outerLow, of7), odd(zHigh, ofZ3, outerHigh, of7), round, shift), 112);
}

@inline
function storeSums(block: usize, near: i32, evenL: v128, evenH: v128, oddL: v128, oddH: v128, shift: i32): void {
  const round = i32x4.splat(1 << (shift - 1));
  v128.store(block + near, descaled(i32x4.add(evenL, oddL), i32x4.add(evenH, oddH), round, shift));
  v128.store(block + 112 - near, descaled(i32x4.sub(evenL, oddL), i32x4.sub(evenH, oddH), round, shift));
}

/** One pass of the inverse DCT down the eight rows; `shift`: 11 in the first, 18 in the second. */
@inline
function inversePass(block: usize, shift: i32): void {
  const d0 = v128.load(block);
  const d1 = v128.load(block, 16);
  const d2 = v128.load(block, 32);
  const d3 = v128.load(block, 48);
  const d4 = v128.load(block, 64);
  const d5 = v128.load(block, 80);
  const d6 = v128.load(block, 96);
  const d7 = v128.load(block, 112);
  const plus = pairs(8192, 8192);
  const minus = pairs(8192, -8192);
  const of2 = pairs(F0541, F0541 - F1847);
  const of3 = pairs(F0541 + F0765, F0541);
  const low04 = lowPairs(d0, d4);
  const high04 = highPairs(d0, d4);
  const low26 = lowPairs(d2, d6);
  const high26 = highPairs(d2, d6);
  const e0L = i32x4.dot_i16x8_s(low04, plus);
  const e0H = i32x4.dot_i16x8_s(high04, plus);
  const e1L = i32x4.dot_i16x8_s(low04, minus);
  const e1H = i32x4.dot_i16x8_s(high04, minus);
  const e2L = i32x4.dot_i16x8_s(low26, of2);
  const e2H = i32x4.dot_i16x8_s(high26, of2);
  const e3L = i32x4.dot_i16x8_s(low26, of3);
  const e3H = i32x4.dot_i16x8_s(high26, of3);
  const z3 = i16x8.add(d7, d3);
  const z4 = i16x8.add(d5, d1);
  const zLow = lowPairs(z3, z4);
  const zHigh = highPairs(z3, z4);
  const low71 = lowPairs(d7, d1);
  const high71 = highPairs(d7, d1);
  const low53 = lowPairs(d5, d3);
  const high53 = highPairs(d5, d3);
  const ofZ3 = pairs(F1175 - F1961, F1175);
  const ofZ4 = pairs(F1175, F1175 - F0390);
  const of7 = pairs(F0298 - F0899, -F0899);
  const of5 = pairs(F2053 - F2562, -F2562);
  const of33 = pairs(-F2562, F3072 - F2562);
  const of1 = pairs(-F0899, F1501 - F0899);
  storeSums(
    block,
    0,
    i32x4.add(e0L, e3L),
    i32x4.add(e0H, e3H),
    odd(zLow, ofZ4, low71, of1),
    odd(zHigh, ofZ4, high71, of1),
    shift,
  );
  storeSums(
    block,
    16,
    i32x4.add(e1L, e2L),
    i32x4.add(e1H, e2H),
    odd(zLow, ofZ3, low53, of33),
    odd(zHigh, ofZ3, high53, of33),
    shift,
  );
  storeSums(
    block,
    32,
    i32x4.sub(e1L, e2L),
    i32x4.sub(e1H, e2H),
    odd(zLow, ofZ4, low53, of5),
    odd(zHigh, ofZ4, high53, of5),
    shift,
  );
  storeSums(
    block,
    48,
    i32x4.sub(e0L, e3L),
    i32x4.sub(e0H, e3H),
    odd(zLow, ofZ3, low71, of7),
    odd(zHigh, ofZ3, high71, of7),
    shift,
  );
}

/** The inverse transform of a block, as bytes at `corner`. */
@inline
export function storeBlock(block: usize, corner: usize, stride: i32): void {
  const middle = i16x8.splat(128);
  inversePass(block, 11);
  transpose(block);
  inversePass(block, 18);
  transpose(block);
  for (let row = 0; row < 8; row++) {
    const values = i16x8.add(v128.load(block + (row << 4)), middle);
    v128.store64_lane(corner + <usize>(row * stride), i8x16.narrow_i16x8_u(values, values), 0);
  }
}

/** The same of a block of which nothing but the mean is left: both passes' roundings of one number. */
@inline
export function storeMean(coefficient: i32, corner: usize, stride: i32): void {
  const mean = i16x8.splat(<i16>(((coefficient << 2) + 16) >> 5) + 128);
  const bytes = i8x16.narrow_i16x8_u(mean, mean);
  for (let row = 0; row < 8; row++) v128.store64_lane(corner + <usize>(row * stride), bytes, 0);
}
