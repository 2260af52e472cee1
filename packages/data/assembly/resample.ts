// Resampling with weights in 22-bit fixed point: along rows, rounded to 8 bits, then along columns. Vectors multiply 16-bit
// numbers, so a weight is kept as its high half and its low 11 bits; sums wrap around as they do in 32 bits throughout.
import { bytesOf, highBytes, lowBytes } from './vectors';

/** A line as pairs of neighbours, 16 bytes each: red, green and blue of a pixel, each beside the next pixel's. */
@inline
function pairNeighbours(line: usize, numPixels: i32, pairs: usize): void {
  for (let x = 0; x < numPixels; x += 4, line += 12, pairs += 64) {
    const p = v128.load(line);
    v128.store(pairs, i8x16.swizzle(p, i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)));
    v128.store(pairs, i8x16.swizzle(p, i8x16(3, -1, 6, -1, 4, -1, 7, -1, 5, -1, 8, -1, -1, -1, -1, -1)), 16);
    v128.store(pairs, i8x16.swizzle(p, i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1)), 32);
    v128.store(pairs, i8x16.swizzle(p, i8x16(9, -1, 12, -1, 10, -1, 13, -1, 11, -1, 14, -1, -1, -1, -1, -1)), 48);
  }
}

/**
 * Resamples `numRows` rows of pixels along their length, two at a time. `line`: room for a whole line, which a row is copied into
 * at `lineStart` (what lies around it is a border's colour); `pairs`: twice `pairsBytes`, room for 16 bytes a pixel of the
 * line and of what a last tap reaches beyond it; `first`: the first pixel each output looks at; `weights`: `numPairs` pairs
 * of taps an output, 8 bytes each: the high halves of both as 16-bit numbers, then the low ones (11 bits). Each row of
 * `target` writes one byte more, so `targetStride` is more than its length.
 */
export function resampleRows(
  pixels: usize,
  rowBytes: i32,
  numRows: i32,
  line: usize,
  lineStart: i32,
  linePixels: i32,
  pairs: usize,
  pairsBytes: i32,
  first: usize,
  weights: usize,
  numPairs: i32,
  target: usize,
  targetStride: i32,
  targetWidth: i32,
): void {
  const half = i32x4.splat(1 << 21);
  const lastPair = <usize>(numPairs - 1) << 5;
  for (let row = 0; row < numRows; row += 2) {
    // The last of an odd number of rows is done twice.
    const below = row + 1 < numRows ? 1 : 0;
    memory.copy(line + lineStart, pixels + <usize>(row * rowBytes), rowBytes);
    pairNeighbours(line, linePixels, pairs);
    memory.copy(line + lineStart, pixels + <usize>((row + below) * rowBytes), rowBytes);
    pairNeighbours(line, linePixels, pairs + pairsBytes);
    let weight = weights;
    let upper = target + <usize>(row * targetStride);
    let lower = target + <usize>((row + below) * targetStride);
    for (let x = 0; x < targetWidth; x++, upper += 3, lower += 3) {
      let at = pairs + (<usize>load<i32>(first + (<usize>x << 2)) << 4);
      let high0 = i32x4.splat(0);
      let high1 = i32x4.splat(0);
      let low0 = half;
      let low1 = half;
      // Two taps a turn, 32 bytes further.
      for (const end = at + lastPair; at <= end; at += 32, weight += 8) {
        const highs = v128.load32_splat(weight);
        const lows = v128.load32_splat(weight, 4);
        const above = v128.load(at);
        const under = v128.load(at + pairsBytes);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(above, highs));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(above, lows));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(under, highs));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(under, lows));
      }
      const words = i16x8.narrow_i32x4_s(
        i32x4.shr_s(i32x4.add(i32x4.shl(high0, 11), low0), 22),
        i32x4.shr_s(i32x4.add(i32x4.shl(high1, 11), low1), 22),
      );
      const bytes = i8x16.narrow_i16x8_u(words, words);
      v128.store32_lane(upper, bytes, 0);
      v128.store32_lane(lower, bytes, 1);
    }
  }
}

/** One line of `numBytes` bytes out of the lines from `lines` on, `stride` apart; `weights` as for `resampleRows`. */
export function resampleColumns(
  lines: usize,
  stride: i32,
  numBytes: i32,
  weights: usize,
  numPairs: i32,
  target: usize,
): void {
  const half = i32x4.splat(1 << 21);
  for (let x = 0; x < numBytes; x += 16, lines += 16, target += 16) {
    let h0 = i32x4.splat(0);
    let h1 = i32x4.splat(0);
    let h2 = i32x4.splat(0);
    let h3 = i32x4.splat(0);
    let l0 = half;
    let l1 = half;
    let l2 = half;
    let l3 = half;
    let at = lines;
    let weight = weights;
    for (let pair = 0; pair < numPairs; pair++, weight += 8) {
      const a = v128.load(at);
      const b = v128.load(at + stride);
      at += <usize>stride << 1;
      const low = lowBytes(a, b);
      const high = highBytes(a, b);
      const wh = v128.load32_splat(weight);
      const wl = v128.load32_splat(weight, 4);
      const p0 = i16x8.extend_low_i8x16_u(low);
      const p1 = i16x8.extend_high_i8x16_u(low);
      const p2 = i16x8.extend_low_i8x16_u(high);
      const p3 = i16x8.extend_high_i8x16_u(high);
      h0 = i32x4.add(h0, i32x4.dot_i16x8_s(p0, wh));
      h1 = i32x4.add(h1, i32x4.dot_i16x8_s(p1, wh));
      h2 = i32x4.add(h2, i32x4.dot_i16x8_s(p2, wh));
      h3 = i32x4.add(h3, i32x4.dot_i16x8_s(p3, wh));
      l0 = i32x4.add(l0, i32x4.dot_i16x8_s(p0, wl));
      l1 = i32x4.add(l1, i32x4.dot_i16x8_s(p1, wl));
      l2 = i32x4.add(l2, i32x4.dot_i16x8_s(p2, wl));
      l3 = i32x4.add(l3, i32x4.dot_i16x8_s(p3, wl));
    }
    const s0 = i32x4.shr_s(i32x4.add(i32x4.shl(h0, 11), l0), 22);
    const s1 = i32x4.shr_s(i32x4.add(i32x4.shl(h1, 11), l1), 22);
    const s2 = i32x4.shr_s(i32x4.add(i32x4.shl(h2, 11), l2), 22);
    const s3 = i32x4.shr_s(i32x4.add(i32x4.shl(h3, 11), l3), 22);
    v128.store(target, bytesOf(s0, s1, s2, s3));
  }
}
