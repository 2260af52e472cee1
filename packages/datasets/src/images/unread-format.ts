// Image formats that people have and that are not read here, by their first bytes or by their names, with what to do.
import { closeSync, openSync, readSync } from 'node:fs';

const convert = 'not read here: convert to JPEG, PNG or TIFF';
const raw = `camera raw, ${convert}`;

/** By extension, lower case. */
const names: Readonly<Record<string, string>> = {
  heic: 'HEIC',
  heif: 'HEIC',
  hif: 'HEIC',
  bmp: 'BMP',
  jxl: 'JPEG XL',
  jp2: 'JPEG 2000',
  j2k: 'JPEG 2000',
  psd: 'Photoshop',
  svg: 'SVG',
  pdf: 'PDF',
  ico: 'ICO',
  tga: 'TGA',
  ppm: 'PPM',
  pgm: 'PPM',
  exr: 'OpenEXR',
};
const rawNames = /^(dng|nef|nrw|cr2|cr3|crw|arw|srf|sr2|orf|rw2|raf|pef|srw|raw|3fr|iiq|x3f)$/;

/** What a file whose photographs are not read is, by its name, and the remedy; null: no name of an image. */
export function unreadName(name: string): string | null {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (rawNames.test(extension)) return raw;
  const known = Object.hasOwn(names, extension) ? names[extension] : undefined;
  return known === undefined ? null : `${known}, ${convert}`;
}

/** The same by the first bytes of the file, whatever it is called; null, too, where it cannot be read. */
export function unreadContent(path: string): string | null {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(16);
      readSync(descriptor, head, 0, head.length, 0);
      const format = formatOf(head);
      return format === null ? null : `${format}, ${convert}`;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

function formatOf(head: Buffer): string | null {
  const text = head.toString('latin1');
  if (text.startsWith('BM') && head.readUInt32LE(6) === 0) return 'BMP';
  if (/^....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/s.test(text)) return 'HEIC';
  if (/^....ftypcrx /s.test(text)) return 'camera raw';
  if (/^....JXL /s.test(text) || text.startsWith('\xff\x0a')) return 'JPEG XL';
  if (/^....jP {2}/s.test(text) || text.startsWith('\xff\x4f\xff\x51')) return 'JPEG 2000';
  if (text.startsWith('8BPS')) return 'Photoshop';
  if (text.startsWith('%PDF')) return 'PDF';
  return null;
}
