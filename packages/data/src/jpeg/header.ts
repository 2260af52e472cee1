// What stands before the pixels of a JPEG file (ITU-T T.81, annex B), for the files that most cameras and sites write: baseline,
// 8 bits, YCbCr in one scan, chroma whole or halved both ways. null for any other, and for anything that is not as it should be.

export interface HuffmanTable {
  /** Number of codes of each length 1..16. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

export interface JpegComponent {
  /** Blocks of it in a unit of the scan, across and down. */
  readonly across: number;
  readonly down: number;
  /** Quantisation steps, 64 in zigzag order. */
  readonly steps: Int16Array;
  /** Tables of the means' differences and of the other coefficients. */
  readonly means: HuffmanTable;
  readonly rest: HuffmanTable;
}

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: readonly JpegComponent[];
  /** Units between restart markers, 0 for none. */
  readonly restart: number;
  /** Where the entropy-coded data begins. */
  readonly scanStart: number;
}

/** A frame's component: its number, sampling factors and quantisation table. */
interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly { id: number; across: number; down: number; table: number }[];
}

interface Found {
  readonly steps: Map<number, Int16Array>;
  /** By class << 4 | number, class 0 for means. */
  readonly huffman: Map<number, HuffmanTable>;
  frame: Frame | null;
  restart: number;
}

export function readJpegHeader(bytes: Buffer): JpegHeader | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  const found: Found = { steps: new Map(), huffman: new Map(), frame: null, restart: 0 };
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    const length = bytes.readUInt16BE(at + 2);
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (length < 2 || body.length !== length - 2) return null;
    at += 2 + length;
    if (marker === 0xda) return headerOf(found, body, at);
    if (!readSegment(marker, body, found)) return null;
  }
  return null;
}

/** Notes what a segment says; false where it makes the file one for another decoder. */
function readSegment(marker: number, body: Buffer, found: Found): boolean {
  switch (marker) {
    case 0xc0:
      if (found.frame !== null) return false;
      found.frame = frameOf(body);
      return found.frame !== null;
    case 0xc4:
      return readHuffman(body, found.huffman);
    case 0xdb:
      return readSteps(body, found.steps);
    case 0xdd:
      if (body.length !== 2) return false;
      found.restart = body.readUInt16BE(0);
      return true;
    case 0xe1:
      return body.toString('latin1', 0, 4) !== 'Exif' || standsUpright(body.subarray(6));
    case 0xe2:
      // A colour profile: the pixels are not sRGB yet.
      return body.toString('latin1', 0, 11) !== 'ICC_PROFILE';
    case 0xee:
      return body.toString('latin1', 0, 5) !== 'Adobe' || body[11] === 1;
    default:
      // Other application data and comments change no pixel; other frames (progressive, lossless, arithmetic) do.
      return (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
  }
}

function frameOf(body: Buffer): Frame | null {
  if (body.length !== 15 || body[0] !== 8 || body[5] !== 3) return null;
  const components = [0, 1, 2].map((i) => {
    const at = 6 + 3 * i;
    return { id: body[at]!, across: body[at + 1]! >> 4, down: body[at + 1]! & 15, table: body[at + 2]! };
  });
  const [y, cb, cr] = components;
  // Numbers other than these leave the colours' meaning to the decoder.
  if (y!.id !== 1 || cb!.id !== 2 || cr!.id !== 3) return null;
  const whole = (component?: { across: number; down: number }): boolean =>
    component?.across === 1 && component.down === 1;
  if (!whole(cb) || !whole(cr)) return null;
  if (!whole(y) && !(y!.across === 2 && y!.down === 2)) return null;
  return { height: body.readUInt16BE(1), width: body.readUInt16BE(3), components };
}

function readSteps(body: Buffer, steps: Map<number, Int16Array>): boolean {
  for (let at = 0; at < body.length; at += 65) {
    // Steps of 16 bits are for images of 12.
    if (body[at]! > 3 || at + 65 > body.length) return false;
    steps.set(body[at]!, Int16Array.from(body.subarray(at + 1, at + 65)));
  }
  return true;
}

function readHuffman(body: Buffer, tables: Map<number, HuffmanTable>): boolean {
  for (let at = 0; at < body.length;) {
    const counts = Uint8Array.from(body.subarray(at + 1, at + 17));
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = Uint8Array.from(body.subarray(at + 17, at + 17 + total));
    if (counts.length !== 16 || total > 256 || symbols.length !== total || (body[at]! & 0xee) !== 0) return false;
    tables.set(body[at]!, { counts, symbols });
    at += 17 + total;
  }
  return true;
}

function headerOf({ frame, huffman, steps, restart }: Found, scan: Buffer, scanStart: number): JpegHeader | null {
  if (frame === null || scan.length !== 10 || scan[0] !== 3) return null;
  // All coefficients at once, at their full precision.
  if (scan[7] !== 0 || scan[8] !== 63 || scan[9] !== 0) return null;
  const components: JpegComponent[] = [];
  for (const [i, { id, across, down, table }] of frame.components.entries()) {
    const which = scan[2 + 2 * i]!;
    const [means, rest, own] = [huffman.get(which >> 4), huffman.get(0x10 | (which & 15)), steps.get(table)];
    if (scan[1 + 2 * i] !== id || means === undefined || rest === undefined || own === undefined) return null;
    components.push({ across, down, steps: own, means, rest });
  }
  return { width: frame.width, height: frame.height, components, restart, scanStart };
}

/** Whether EXIF data (TIFF within) says nothing of turning or mirroring the photograph. */
function standsUpright(tiff: Buffer): boolean {
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return false;
  const [u16, u32] =
    order === 'II'
      ? ([(at: number) => tiff.readUInt16LE(at), (at: number) => tiff.readUInt32LE(at)] as const)
      : ([(at: number) => tiff.readUInt16BE(at), (at: number) => tiff.readUInt32BE(at)] as const);
  const directory = u32(4);
  if (directory + 2 > tiff.length) return false;
  const numEntries = u16(directory);
  if (directory + 2 + 12 * numEntries > tiff.length) return false;
  for (let i = 0; i < numEntries; i++) {
    const entry = directory + 2 + 12 * i;
    if (u16(entry) === 0x0112 && u16(entry + 8) !== 1) return false;
  }
  return true;
}
