// Where the main object of a photograph is, by a trained detector: CenterNet (Zhou et al. 2019) on MobileNetV3, the 80
// classes of COCO, as the npm package @vladmandic/human carries it (MIT). Input [1, 512, 512, 3], 0..255, RGB; output
// [1, 100, 6]: left, top, right, bottom in pixels of the input, score, class.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CalmError, sha256 } from '@calm-orch/core';
import type { Box, RgbImage } from '@calm-orch/datasets';
import { openGraphModel } from '@calm-orch/engine';

const packageName = '@vladmandic/human';
const version = '3.3.6';
/** The files by hash: in this code they are part of the keys of what is made with them. */
const files = {
  'centernet.json': 'bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05',
  'centernet.bin': '1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef',
} as const;

const inputSide = 512;
const output = 'tower_0/detections';
/** A detection counts from this score on. */
const minScore = 0.3;
/** Share of the photograph the main object covers: less is a detail, more is no part of it that could be cut or hidden. */
const minArea = 0.01;
const maxArea = 0.8;

/** Edges in units of the sides; some lie outside the photograph. */
export interface Detection {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly score: number;
}

/** The box of the main object, in units of the sides; null where none is found. */
export type Detector = (image: RgbImage) => Promise<Box | null>;

const inside = (edge: number): number => Math.min(1, Math.max(0, edge));

/** The detection with the highest score times side (root of the area), cut at the photograph's edges; the first of equals. */
export function mainObject(detections: readonly Detection[]): Box | null {
  let best: { box: Box; weight: number } | null = null;
  for (const { left, top, right, bottom, score } of detections) {
    const [x, y] = [inside(left), inside(top)];
    const box = { x, y, width: inside(right) - x, height: inside(bottom) - y };
    const area = Math.max(0, box.width) * Math.max(0, box.height);
    if (!(score >= minScore) || area < minArea || area > maxArea) continue;
    const weight = score * Math.sqrt(area);
    if (best === null || weight > best.weight) best = { box, weight };
  }
  return best?.box ?? null;
}

/**
 * The detector's files in the package, read and compared with what is expected.
 * @throws CalmError `not_found` when the package is missing, `bad_data` when it holds other files.
 */
export function readDetectorFiles(resolve: (name: string) => string = createRequire(import.meta.url).resolve): {
  topology: string;
  weights: Buffer;
} {
  const remedy = `run \`npm install ${packageName}@${version}\`, or set augment.foreground: saliency`;
  const read = (name: keyof typeof files): Buffer => {
    let content: Buffer;
    try {
      content = readFileSync(join(dirname(resolve(packageName)), '..', 'models', name));
    } catch (cause) {
      throw new CalmError('not_found', `augment.foreground: detection needs the package ${packageName}; ${remedy}`, {
        cause,
      });
    }
    if (sha256(content) !== files[name])
      throw new CalmError('bad_data', `${packageName}: models/${name} is not that of version ${version}; ${remedy}`);
    return content;
  };
  return { topology: read('centernet.json').toString('utf8'), weights: read('centernet.bin') };
}

let opened: ReturnType<typeof openGraphModel> | undefined;

/** Loads the model when it is first asked. @throws CalmError as readDetectorFiles, `engine` without an engine. */
export const detectMainObject: Detector = async ({ data, width, height }) => {
  opened ??= openGraphModel(readDetectorFiles());
  const {
    engine: { tf },
    model,
  } = await opened;
  const rows = tf.tidy(() => {
    const pixels = tf.tensor3d(data, [height, width, 3], 'int32');
    const input = tf.image.resizeBilinear(pixels, [inputSide, inputSide]).expandDims(0);
    return model.execute(input, output).reshape([-1, 6]);
  });
  const found = rows.arraySync() as number[][];
  rows.dispose();
  return mainObject(
    found.map(([left, top, right, bottom, score]) => ({
      left: left! / inputSide,
      top: top! / inputSide,
      right: right! / inputSide,
      bottom: bottom! / inputSide,
      score: score!,
    })),
  );
};
