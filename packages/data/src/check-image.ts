// Whether a file is a photograph that will decode: every row is decoded, at reduced size where the format allows it.
import { existsSync } from 'node:fs';
import { minSide } from './images.ts';
import { sharp } from './sharp.ts';

const reducedSide = 64;

/** null: usable; otherwise why not. Never throws. */
export async function checkImage(path: string): Promise<string | null> {
  if (!existsSync(path)) return 'missing';
  try {
    const { info } = await sharp(path, { failOn: 'truncated' })
      .resize(reducedSide, reducedSide, { fit: 'outside', withoutEnlargement: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return info.width < minSide || info.height < minSide ? `only ${info.width}x${info.height} pixels` : null;
  } catch (error) {
    return (error as Error).message.replaceAll('\n', ' ').trim();
  }
}
