// Where the main subject of a photograph probably is, when nobody says: frequency-tuned saliency (Achanta et al.,
// CVPR 2009), the distance of a slightly blurred photograph from its mean colour, weighted towards the centre.
import { pipelineOf, type Box, type RgbImage } from '@calm-orch/datasets';

const gridSide = 24;
/** Deviation of the centre weighting, in units of the side. */
const centreSpread = 0.33;
/** Half extent of the box in deviations of the salient mass, and its bounds in units of the side. */
const extentInDeviations = 1.2;
const minHalfExtent = 0.12;
const maxHalfExtent = 0.28;

/** The box of the most salient region, in units of the sides, wholly inside the photograph. */
export async function salientBox(image: RgbImage): Promise<Box> {
  const small = await pipelineOf(image).resize(gridSide, gridSide, { fit: 'fill' }).blur(0.6).raw().toBuffer();
  const mean = [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let i = channel; i < small.length; i += 3) sum += small[i]!;
    return sum / (gridSide * gridSide);
  });
  const weights = new Float64Array(gridSide * gridSide);
  let total = 0;
  for (let cell = 0; cell < weights.length; cell++) {
    const x = ((cell % gridSide) + 0.5) / gridSide - 0.5;
    const y = (Math.floor(cell / gridSide) + 0.5) / gridSide - 0.5;
    let distance = 0;
    for (let channel = 0; channel < 3; channel++) distance += (small[3 * cell + channel]! - mean[channel]!) ** 2;
    // A small floor keeps a blank photograph's subject in its centre.
    weights[cell] = (distance + 1) * Math.exp(-(x * x + y * y) / (2 * centreSpread * centreSpread));
    total += weights[cell]!;
  }
  const [x, halfWidth] = extentOf((cell) => cell % gridSide);
  const [y, halfHeight] = extentOf((cell) => Math.floor(cell / gridSide));
  return { x: x - halfWidth, y: y - halfHeight, width: 2 * halfWidth, height: 2 * halfHeight };

  function extentOf(position: (cell: number) => number): [centre: number, half: number] {
    let first = 0;
    let second = 0;
    weights.forEach((weight, cell) => {
      const at = (position(cell) + 0.5) / gridSide;
      first += weight * at;
      second += weight * at * at;
    });
    const centre = first / total;
    const deviation = Math.sqrt(Math.max(0, second / total - centre * centre));
    const half = Math.min(maxHalfExtent, Math.max(minHalfExtent, extentInDeviations * deviation));
    return [Math.min(1 - half, Math.max(half, centre)), half];
  }
}
