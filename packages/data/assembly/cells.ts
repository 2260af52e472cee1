// Pixelation: means of cells, and cells spread over pixels.

/** One pixel as four 32-bit lanes, the fourth of no use. */
@inline
function pixelAt(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

/** Four 32-bit lanes as bytes, clipped. */
@inline
function byteLanes(v: v128): u32 {
  const words = i16x8.narrow_i32x4_s(v, v);
  return i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
}

/**
 * Means of the cells of one row of cells: pixel rows begin..end - 1, cell bounds `xs` (columns + 1 of them), weights by number of
 * pixels (22-bit); four bytes a cell to `cells`; `sums` is room for 16 bytes a cell.
 */
export function cellMeans(
  pixels: usize,
  stride: i32,
  begin: i32,
  end: i32,
  columns: i32,
  xs: usize,
  weights: usize,
  sums: usize,
  cells: usize,
): void {
  const half = i32x4.splat(1 << 21);
  memory.fill(sums, 0, <usize>columns << 4);
  for (let y = begin; y < end; y++) {
    let at = pixels + <usize>y * stride;
    let sum = sums;
    let bound = xs;
    let x = load<i32>(bound);
    for (let column = 0; column < columns; column++, sum += 16) {
      bound += 4;
      const last = load<i32>(bound);
      const weight = v128.load32_splat(weights + (<usize>(last - x) << 2));
      let total = i32x4.splat(0);
      for (; x < last; x++, at += 3) total = i32x4.add(total, pixelAt(at));
      const mean = i32x4.shr_u(i32x4.add(i32x4.mul(total, weight), half), 22);
      v128.store(sum, i32x4.add(v128.load(sum), mean));
    }
  }
  const weight = v128.load32_splat(weights + (<usize>(end - begin) << 2));
  for (let column = 0; column < columns; column++, sums += 16, cells += 4) {
    store<u32>(cells, byteLanes(i32x4.shr_u(i32x4.add(i32x4.mul(v128.load(sums), weight), half), 22)));
  }
}

/** A row of `width` pixels, each the cell that `nearest` names; writes one byte more. */
export function spreadCells(cells: usize, nearest: usize, width: i32, to: usize): void {
  for (let x = 0; x < width; x++, nearest += 4, to += 3) {
    store<u32>(to, load<u32>(cells + (<usize>load<i32>(nearest) << 2)));
  }
}
