// Which part of the flat vector of weights each member of a gang updates when the optimizer is partitioned: contiguous
// slices, a function of the three numbers. Adam computes each number by itself, so slices change no bit.

/** Numbers first .. end - 1 of the flat vector. */
export interface Slice {
  readonly first: number;
  readonly end: number;
}

/** Boundaries are multiples of so many numbers where slices are long: TensorFlow then takes slices without copying. */
const alignment = 64;

/** The slice of the member with this rank. */
export function sliceOf(total: number, numMembers: number, rank: number): Slice {
  const unit = total >= 2 * alignment * numMembers ? alignment : 1;
  const at = (r: number): number => (r === numMembers ? total : Math.floor((r * total) / numMembers / unit) * unit);
  return { first: at(rank), end: at(rank + 1) };
}
