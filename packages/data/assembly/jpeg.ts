// What a photograph loses in a JPEG file: colours to YCbCr, chroma halved both ways, 8 x 8 DCT, coefficients rounded to the
// quantisation tables' steps, and back to planes. The entropy coding in between loses nothing, so it is left out. The
// arithmetic is libjpeg's ("islow" DCT, triangle-filtered chroma), to the bit. ITU-T T.81; libjpeg's jccolor.c,
// jcsample.c, jcdctmgr.c for the constants and where they round.
import { forwardPass, pairs, storeBlock, storeMean, transpose } from './dct';
import { blue, bytesOf, green, highBytes, lowBytes, red } from './vectors';

/** Rounds the coefficients to multiples of their steps; false if all but the mean of the block became zero. */
@inline
function quantize(block: usize, steps: usize): bool {
  let rest = i64x2.splat(0);
  for (let row = 0; row < 128; row += 16) {
    const values = v128.load(block + row);
    const step = v128.load(steps + row);
    // The transform's output is eight times the coefficient.
    const unit = i16x8.shl(step, 3);
    const rounded = i16x8.add(i16x8.abs(values), i16x8.shl(step, 2));
    let result = i64x2.splat(0);
    if (v128.any_true(i16x8.ge_s(rounded, unit))) {
      const low = f32x4.div(
        f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(rounded)),
        f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(unit)),
      );
      const high = f32x4.div(
        f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(rounded)),
        f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(unit)),
      );
      const number = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(low), i32x4.trunc_sat_f32x4_s(high));
      const sign = i16x8.shr_s(values, 15);
      result = i16x8.sub(v128.xor(i16x8.mul(number, step), sign), sign);
    }
    v128.store(block + row, result);
    rest = v128.or(rest, row == 0 ? i16x8.replace_lane(result, 0, 0) : result);
  }
  return v128.any_true(rest);
}

/** All blocks of a plane of bytes through the DCT and back; `block`: room for 128 bytes, `steps`: 64 16-bit numbers by row. */
export function transformPlane(plane: usize, width: i32, height: i32, steps: usize, block: usize): void {
  const middle = i16x8.splat(128);
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width; x += 8) {
      const corner = plane + <usize>(y * width + x);
      for (let row = 0; row < 8; row++) {
        const bytes = v128.load64_zero(corner + <usize>(row * width));
        v128.store(block + (row << 4), i16x8.sub(i16x8.extend_low_i8x16_u(bytes), middle));
      }
      transpose(block);
      forwardPass(block, true);
      transpose(block);
      forwardPass(block, false);
      if (quantize(block, steps)) storeBlock(block, corner, width);
      else storeMean(load<i16>(block), corner, width);
    }
  }
}

@inline
function luma(rg: v128, bg: v128): v128 {
  const sum = i32x4.add(i32x4.dot_i16x8_s(rg, pairs(19595, 22086)), i32x4.dot_i16x8_s(bg, pairs(7471, 16384)));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(32768)), 16);
}

@inline
function chromaBlue(rg: v128, bg: v128): v128 {
  const sum = i32x4.sub(i32x4.dot_i16x8_s(rg, pairs(-11059, -21709)), i32x4.dot_i16x8_s(bg, pairs(-32768, 0)));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat((128 << 16) + 32767)), 16);
}

@inline
function chromaRed(rg: v128, bg: v128): v128 {
  const sum = i32x4.sub(i32x4.dot_i16x8_s(bg, pairs(-5329, 0)), i32x4.dot_i16x8_s(rg, pairs(-32768, 27439)));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat((128 << 16) + 32767)), 16);
}

/** A row of pixels to luma and full chroma, 16 pixels at a time. */
@inline
function toYcc(pixels: usize, width: i32, y: usize, cb: usize, cr: usize): void {
  for (let x = 0; x < width; x += 16, pixels += 48) {
    const a = v128.load(pixels);
    const b = v128.load(pixels, 16);
    const c = v128.load(pixels, 32);
    const r = red(a, b, c);
    const g = green(a, b, c);
    const l = blue(a, b, c);
    const rgLow = lowBytes(r, g);
    const rgHigh = highBytes(r, g);
    const bgLow = lowBytes(l, g);
    const bgHigh = highBytes(l, g);
    const rg0 = i16x8.extend_low_i8x16_u(rgLow);
    const rg1 = i16x8.extend_high_i8x16_u(rgLow);
    const rg2 = i16x8.extend_low_i8x16_u(rgHigh);
    const rg3 = i16x8.extend_high_i8x16_u(rgHigh);
    const bg0 = i16x8.extend_low_i8x16_u(bgLow);
    const bg1 = i16x8.extend_high_i8x16_u(bgLow);
    const bg2 = i16x8.extend_low_i8x16_u(bgHigh);
    const bg3 = i16x8.extend_high_i8x16_u(bgHigh);
    v128.store(y + x, bytesOf(luma(rg0, bg0), luma(rg1, bg1), luma(rg2, bg2), luma(rg3, bg3)));
    v128.store(
      cb + x,
      bytesOf(chromaBlue(rg0, bg0), chromaBlue(rg1, bg1), chromaBlue(rg2, bg2), chromaBlue(rg3, bg3)),
    );
    v128.store(cr + x, bytesOf(chromaRed(rg0, bg0), chromaRed(rg1, bg1), chromaRed(rg2, bg2), chromaRed(rg3, bg3)));
  }
}

/** Two rows of chroma to half a row: means of four, rounded up and down by turns. */
@inline
function halve(upper: usize, lower: usize, width: i32, to: usize): void {
  const bias = i32x4.splat(0x00020001);
  for (let x = 0; x < width; x += 16) {
    const sums = i16x8.add(
      i16x8.extadd_pairwise_i8x16_u(v128.load(upper + x)),
      i16x8.extadd_pairwise_i8x16_u(v128.load(lower + x)),
    );
    const means = i16x8.shr_u(i16x8.add(sums, bias), 2);
    v128.store64_lane(to + (x >> 1), i8x16.narrow_i16x8_u(means, means), 0);
  }
}

/**
 * The planes of a photograph: luma of `paddedWidth` x `paddedHeight` (multiples of 16; edges repeated), chroma half of that;
 * `line`: room for 3 * paddedWidth bytes, `scratch`: for 4 * paddedWidth.
 */
export function toPlanes(
  pixels: usize,
  width: i32,
  height: i32,
  paddedWidth: i32,
  paddedHeight: i32,
  y: usize,
  cb: usize,
  cr: usize,
  line: usize,
  scratch: usize,
): void {
  // libjpeg repeats the last row to an even number, and then the last rows of the planes.
  const evenHeight = (height + 1) & ~1;
  const stride = paddedWidth >> 1;
  for (let row = 0; row < evenHeight; row++) {
    const from = pixels + <usize>(min(row, height - 1) * width * 3);
    memory.copy(line, from, <usize>(3 * width));
    for (let x = width; x < paddedWidth; x++) memory.copy(line + 3 * x, from + 3 * (width - 1), 3);
    const below = (row & 1) * paddedWidth;
    toYcc(line, paddedWidth, y + row * paddedWidth, scratch + below, scratch + 2 * paddedWidth + below);
    if (below == 0) continue;
    const half = (row >> 1) * stride;
    halve(scratch, scratch + paddedWidth, paddedWidth, cb + half);
    halve(scratch + 2 * paddedWidth, scratch + 3 * paddedWidth, paddedWidth, cr + half);
  }
  const lastLuma = y + (evenHeight - 1) * paddedWidth;
  for (let row = evenHeight; row < paddedHeight; row++) memory.copy(y + row * paddedWidth, lastLuma, paddedWidth);
  const last = ((evenHeight >> 1) - 1) * stride;
  for (let row = evenHeight >> 1; row < paddedHeight >> 1; row++) {
    memory.copy(cb + row * stride, cb + last, stride);
    memory.copy(cr + row * stride, cr + last, stride);
  }
}
