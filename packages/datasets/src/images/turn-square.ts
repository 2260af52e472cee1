// The eight ways a square picture can be turned and mirrored.

/** `upright`: as it is; `mirrored`: that and its mirror image; `all`: each of the four quarter turns, mirrored and not. */
export const squareViews = {
  upright: [0],
  mirrored: [0, 4],
  all: [0, 1, 2, 3, 4, 5, 6, 7],
} as const;

/**
 * Turned by `way` % 4 quarters, of its mirror image from way 4 on; way 0 is the picture itself. `pixels`: [side, side, 3]; a
 * new array.
 */
export function turnSquare(pixels: Float32Array, side: number, way: number): Float32Array {
  const last = side - 1;
  const turned = new Float32Array(pixels.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let [fromX, fromY] = [x, y];
      for (let turn = 0; turn < way % 4; turn++) [fromX, fromY] = [fromY, last - fromX];
      if (way >= 4) fromX = last - fromX;
      const from = 3 * (fromY * side + fromX);
      turned.set(pixels.subarray(from, from + 3), 3 * (y * side + x));
    }
  }
  return turned;
}
