// How large photographs are when they are augmented.

/** Sides of a photograph that is augmented, relative to the model's input. */
export const augmentationReduction = 2.5;

/** The side, in pixels, photographs are reduced to before they are augmented, for a model that reads `inputSide` pixels. */
export function augmentationSide(inputSide: number): number {
  return Math.round(augmentationReduction * inputSide);
}
