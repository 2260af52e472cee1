// How large photographs are when they are augmented.

/** A crop through the subject keeps at least 0.4 of a side: of 2.5 times the model's side it has the model's pixels. */
const augmentationReduction = 2.5;

/**
 * The side, in pixels, photographs are reduced to before a crop is cut from them, for a model that reads `inputSide` pixels.
 * All else is done to them at `inputSide`.
 */
export function augmentationSide(inputSide: number): number {
  return Math.round(augmentationReduction * inputSide);
}
