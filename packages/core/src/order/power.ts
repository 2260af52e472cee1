// x to the power of y with the same bits on every Node: `**` and Math.pow are V8's own up to Node 22 and the C library's
// from Node 24 on, and about one result in ten differs in its last bit. What enters a result is raised by this,
// which gives the bits of Node 20 and 22. (Squares are exact products; exp, log and the others are V8's own everywhere.)
//
// The method is that of fdlibm's e_pow.c, from which its constants come, as V8 has it:
//   Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved.
//   Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.
// log2(x) = n + log2(1.f) and y * log2(x) are computed in two parts of double precision, then 2 to that power.

const L = [
  2.06975017800338417784e-1, 2.30660745775561754067e-1, 2.72728123808534006489e-1, 3.33333329818377432918e-1,
  4.28571428578550184252e-1, 5.99999999999994648725e-1,
];
const P = [
  4.1381367970572384604e-8, -1.6533902205465251539e-6, 6.61375632143793436117e-5, -2.77777777770155933842e-3,
  1.66666666666666019037e-1,
];
const ln2 = 6.93147180559945286227e-1;
const [ln2High, ln2Low] = [6.93147182464599609375e-1, -1.90465429995776804525e-9];
/** 2 / (3 ln 2). */
const cp = 9.61796693925975554329e-1;
const [cpHigh, cpLow] = [9.61796700954437255859e-1, -7.02846165095275826516e-9];
/** log2(1.5). */
const [log3Half, log3HalfLow] = [5.84962487220764160156e-1, 1.35003920212974897128e-8];
/** -(1024 - log2(the first double that overflows)). */
const overflow = 8.008566259537294e-17;

const view = new DataView(new ArrayBuffer(8));

function highOf(value: number): number {
  view.setFloat64(0, value);
  return view.getInt32(0);
}

function withHigh(value: number, high: number): number {
  view.setFloat64(0, value);
  view.setInt32(0, high);
  return view.getFloat64(0);
}

/** The upper half of the bits: a factor whose products are exact. */
function upper(value: number): number {
  view.setFloat64(0, value);
  view.setInt32(4, 0);
  return view.getFloat64(0);
}

const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduce((sum, coefficient) => coefficient + x * sum, 0);

/** For x from 0 up and |y| up to 2^31, both finite. @throws RangeError for others. */
export function power(x: number, y: number): number {
  if (!(x >= 0 && x < Infinity && Math.abs(y) <= 2 ** 31)) throw new RangeError(`power(${x}, ${y}) is not supported`);
  if (y === 0 || x === 1) return 1;
  if (x === 0) return y > 0 ? 0 : Infinity;
  if (y === 1) return x;
  if (y === -1) return 1 / x;
  if (y === 2) return x * x;
  if (y === 0.5) return Math.sqrt(x);
  const [high, low] = log2(x);
  const yHigh = upper(y);
  return exp2(yHigh * high, (y - yHigh) * high + y * low);
}

/** In two parts, of which the first has half of the bits. */
function log2(x: number): readonly [number, number] {
  const isTiny = x < 2 ** -1022;
  let scaled = isTiny ? x * 2 ** 53 : x;
  let bits = highOf(scaled);
  let n = (isTiny ? -53 : 0) + (bits >> 20) - 1023;
  const fraction = bits & 0xfffff;
  bits = fraction | 0x3ff00000;
  // The nearest of 1 and 1.5 is divided out.
  const half = fraction > 0x3988e && fraction < 0xbb67a;
  if (!half && fraction >= 0xbb67a) {
    n += 1;
    bits -= 0x100000;
  }
  scaled = withHigh(scaled, bits);
  const base = half ? 1.5 : 1;
  const u = scaled - base;
  const v = 1 / (scaled + base);
  const s = u * v;
  const sHigh = upper(s);
  const sumHigh = withHigh(0, ((bits >> 1) | 0x20000000) + 0x80000 + (half ? 0x40000 : 0));
  const sumLow = scaled - (sumHigh - base);
  const sLow = v * (u - sHigh * sumHigh - sHigh * sumLow);
  const s2 = s * s;
  const r = s2 * s2 * polynomial(s2, L) + sLow * (sHigh + s);
  const square = sHigh * sHigh;
  const tHigh = upper(3 + square + r);
  const tLow = r - (tHigh - 3 - square);
  const product = sHigh * tHigh;
  const rest = sLow * tHigh + tLow * s;
  const pHigh = upper(product + rest);
  const pLow = rest - (pHigh - product);
  const zHigh = cpHigh * pHigh;
  const zLow = cpLow * pHigh + pLow * cp + (half ? log3HalfLow : 0);
  const shift = half ? log3Half : 0;
  const high = upper(zHigh + zLow + shift + n);
  return [high, zLow - (high - n - shift - zHigh)];
}

/** 2 to the power of high + low. */
function exp2(high: number, low: number): number {
  const z = low + high;
  if (z > 1024 || (z === 1024 && low + overflow > z - high)) return Infinity;
  if (z < -1075 || (z === -1075 && low <= z - high)) return 0;
  const bits = highOf(z);
  let n = 0;
  let rest = high;
  if ((bits & 0x7fffffff) > 0x3fe00000) {
    // n is z rounded to the nearest whole number.
    const exponent = ((bits & 0x7fffffff) >> 20) - 1023;
    const rounded = bits + (0x100000 >> (exponent + 1));
    const k = ((rounded & 0x7fffffff) >> 20) - 1023;
    rest -= withHigh(0, rounded & ~(0xfffff >> k));
    n = ((rounded & 0xfffff) | 0x100000) >> (20 - k);
    if (bits < 0) n = -n;
  }
  const t = upper(low + rest);
  const u = t * ln2High;
  const v = (low - (t - rest)) * ln2 + t * ln2Low;
  const sum = u + v;
  const w = v - (sum - u);
  const square = sum * sum;
  const t1 = sum - square * polynomial(square, P);
  // fdlibm subtracts w + sum * w from the quotient; V8 from the divisor, which can cost the last bit.
  const r = (sum * t1) / (t1 - 2 - (w + sum * w));
  const result = 1 - (r - sum);
  const shifted = highOf(result) + (n << 20);
  return shifted >> 20 > 0 ? withHigh(result, shifted) : withHigh(result, shifted + (54 << 20)) * 2 ** -54;
}
