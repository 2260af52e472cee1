// Group `quality`: compression.
import { openWorkspace, type RgbImage } from '@calm-orch/data';

/** Quantisation steps that ITU-T T.81 gives as examples (annex K.1), by row; every encoder's quality scales them. */
const lumaSteps = [
  ...[16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29],
  ...[51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121],
  ...[120, 101, 72, 92, 95, 98, 112, 100, 103, 99],
];
const chromaCorner = [
  [17, 18, 24, 47],
  [18, 21, 26, 66],
  [24, 26, 56, 99],
  [47, 66, 99, 99],
];
const chromaSteps = lumaSteps.map((_, i) => chromaCorner[i >> 3]?.[i & 7] ?? 99);

/** Steps at a quality of 1..100, as libjpeg scales them (jcparam.c). */
function stepsOf(steps: readonly number[], quality: number): Int16Array {
  const percent = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
  return Int16Array.from(steps, (step) => Math.min(255, Math.max(1, Math.trunc((step * percent + 50) / 100))));
}

/**
 * A photograph, more than 4 pixels wide, as it comes back from a JPEG file of `quality` 1..100 with chroma halved both ways; to
 * the bit what libjpeg makes of it.
 */
export function compress({ data, width, height }: RgbImage, quality: number): RgbImage {
  const [paddedWidth, paddedHeight] = [16 * Math.ceil(width / 16), 16 * Math.ceil(height / 16)];
  const lumaSize = paddedWidth * paddedHeight;
  const { kernels, at, bytes } = openWorkspace({
    pixels: data.length,
    ...{ luma: lumaSize, blue: lumaSize / 4, red: lumaSize / 4 },
    ...{ line: 3 * paddedWidth, scratch: 4 * paddedWidth, steps: 128, block: 128 },
  });
  const planes = [at.luma, at.blue, at.red] as const;
  bytes(at.pixels, data.length).set(data);
  kernels.toPlanes(at.pixels, width, height, paddedWidth, paddedHeight, ...planes, at.line, at.scratch);
  bytes(at.steps, 128).set(new Uint8Array(stepsOf(lumaSteps, quality).buffer));
  kernels.transformPlane(at.luma, paddedWidth, paddedHeight, at.steps, at.block);
  bytes(at.steps, 128).set(new Uint8Array(stepsOf(chromaSteps, quality).buffer));
  for (const plane of [at.blue, at.red])
    kernels.transformPlane(plane, paddedWidth / 2, paddedHeight / 2, at.steps, at.block);
  kernels.fromPlanes(at.pixels, width, height, paddedWidth, ...planes, at.line, at.scratch);
  return { data: bytes(at.pixels, data.length).slice(), width, height };
}
