// Group `quality`: compression.
import { pipelineOf, sharp, type RgbImage } from '@calm-orch/datasets';
import { run } from './pixels.ts';

/** A photograph as it comes back from a JPEG file of `quality` 1..100 with chroma halved both ways. */
export async function compress(image: RgbImage, quality: number): Promise<RgbImage> {
  // Shorter codes would change the file's length alone.
  const file = await pipelineOf(image).jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false }).toBuffer();
  return run(sharp(file));
}
