// Photographs out of planes of luma and chroma, as libjpeg's decoder makes them (jdsample.c, jdcolor.c), to the bit.
import { descaled, highPairs, lowPairs, pairs } from './dct';
import { lowBytes, storePixels } from './vectors';

/** Three times a row of chroma plus its neighbour, 16 bits each, with one more at either end. */
@inline
function columnSums(near: usize, far: usize, width: i32, to: usize): void {
  for (let x = 0; x < width; x += 8) {
    const a = i16x8.extend_low_i8x16_u(v128.load64_zero(near + x));
    const b = i16x8.extend_low_i8x16_u(v128.load64_zero(far + x));
    v128.store(to + 2 + (x << 1), i16x8.add(i16x8.add(i16x8.shl(a, 1), a), b));
  }
  store<i16>(to, load<i16>(to, 2));
  store<i16>(to + 2 + 2 * width, load<i16>(to + 2 * width));
}

/** Chroma of 16 pixels less 128: their even ones, eight of them, or their odd ones. */
@inline
function chromaEven(sums: usize): v128 {
  const here = v128.load(sums, 2);
  const total = i16x8.add(i16x8.add(i16x8.shl(here, 1), here), v128.load(sums));
  return i16x8.sub(i16x8.shr_u(i16x8.add(total, i16x8.splat(8)), 4), i16x8.splat(128));
}

@inline
function chromaOdd(sums: usize): v128 {
  const here = v128.load(sums, 2);
  const total = i16x8.add(i16x8.add(i16x8.shl(here, 1), here), v128.load(sums, 4));
  return i16x8.sub(i16x8.shr_u(i16x8.add(total, i16x8.splat(7)), 4), i16x8.splat(128));
}

/** Values times a 16-bit fixed-point factor. */
@inline
function times(values: v128, factor: i32): v128 {
  const f = i16x8.splat(<i16>factor);
  const half = i32x4.splat(32768);
  return descaled(i32x4.extmul_low_i16x8_s(values, f), i32x4.extmul_high_i16x8_s(values, f), half, 16);
}

@inline
function redOf(y: v128, cr: v128): v128 {
  return i16x8.add(y, i16x8.add(cr, times(cr, 26345)));
}

@inline
function greenOf(y: v128, cb: v128, cr: v128): v128 {
  const factors = pairs(-22554, 18734);
  const half = i32x4.splat(32768);
  const low = i32x4.dot_i16x8_s(lowPairs(cb, cr), factors);
  const high = i32x4.dot_i16x8_s(highPairs(cb, cr), factors);
  return i16x8.add(y, i16x8.sub(descaled(low, high, half, 16), cr));
}

@inline
function blueOf(y: v128, cb: v128): v128 {
  return i16x8.add(y, i16x8.add(i16x8.shl(cb, 1), times(cb, -14942)));
}

/** Bytes of 16 pixels out of the even ones and the odd ones. */
@inline
function woven(even: v128, odd: v128): v128 {
  const evens = i8x16.narrow_i16x8_u(even, even);
  const odds = i8x16.narrow_i16x8_u(odd, odd);
  return lowBytes(evens, odds);
}

/**
 * The photograph out of its planes, chroma enlarged by a triangle filter; `line`: room for 3 * paddedWidth bytes, `scratch`: for
 * 2 * paddedWidth + 64.
 */
export function fromPlanes(
  pixels: usize,
  width: i32,
  height: i32,
  paddedWidth: i32,
  y: usize,
  cb: usize,
  cr: usize,
  line: usize,
  scratch: usize,
): void {
  const stride = paddedWidth >> 1;
  const halfWidth = (width + 1) >> 1;
  const halfHeight = (height + 1) >> 1;
  const sumsBlue = scratch;
  const sumsRed = scratch + paddedWidth + 32;
  const evenBytes = i16x8.splat(255);
  for (let row = 0; row < height; row++) {
    const near = row >> 1;
    const far = max(0, min(halfHeight - 1, near + (row & 1 ? 1 : -1)));
    columnSums(cb + near * stride, cb + far * stride, halfWidth, sumsBlue);
    columnSums(cr + near * stride, cr + far * stride, halfWidth, sumsRed);
    let to = line;
    for (let x = 0; x < width; x += 16, to += 48) {
      const cbEven = chromaEven(sumsBlue + x);
      const cbOdd = chromaOdd(sumsBlue + x);
      const crEven = chromaEven(sumsRed + x);
      const crOdd = chromaOdd(sumsRed + x);
      const lumas = v128.load(y + row * paddedWidth + x);
      const yEven = v128.and(lumas, evenBytes);
      const yOdd = i16x8.shr_u(lumas, 8);
      storePixels(
        to,
        woven(redOf(yEven, crEven), redOf(yOdd, crOdd)),
        woven(greenOf(yEven, cbEven, crEven), greenOf(yOdd, cbOdd, crOdd)),
        woven(blueOf(yEven, cbEven), blueOf(yOdd, cbOdd)),
      );
    }
    memory.copy(pixels + <usize>(row * width * 3), line, <usize>(3 * width));
  }
}

/** The photograph out of planes of its own size; `line`: room for 3 * paddedWidth bytes. */
export function fromFullPlanes(
  pixels: usize,
  width: i32,
  height: i32,
  paddedWidth: i32,
  y: usize,
  cb: usize,
  cr: usize,
  line: usize,
): void {
  const middle = i16x8.splat(128);
  for (let row = 0; row < height; row++) {
    let to = line;
    for (let x = 0; x < width; x += 16, to += 48) {
      const at = row * paddedWidth + x;
      const lumas = v128.load(y + at);
      const blues = v128.load(cb + at);
      const reds = v128.load(cr + at);
      const yLow = i16x8.extend_low_i8x16_u(lumas);
      const yHigh = i16x8.extend_high_i8x16_u(lumas);
      const cbLow = i16x8.sub(i16x8.extend_low_i8x16_u(blues), middle);
      const cbHigh = i16x8.sub(i16x8.extend_high_i8x16_u(blues), middle);
      const crLow = i16x8.sub(i16x8.extend_low_i8x16_u(reds), middle);
      const crHigh = i16x8.sub(i16x8.extend_high_i8x16_u(reds), middle);
      storePixels(
        to,
        i8x16.narrow_i16x8_u(redOf(yLow, crLow), redOf(yHigh, crHigh)),
        i8x16.narrow_i16x8_u(greenOf(yLow, cbLow, crLow), greenOf(yHigh, cbHigh, crHigh)),
        i8x16.narrow_i16x8_u(blueOf(yLow, cbLow), blueOf(yHigh, cbHigh)),
      );
    }
    memory.copy(pixels + <usize>(row * width * 3), line, <usize>(3 * width));
  }
}
