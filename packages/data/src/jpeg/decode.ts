// The fast way to the pixels of an ordinary JPEG file, to the bit those of libjpeg; for all others, and for damaged ones, sharp.
import { openWorkspace } from '../kernels/workspace.ts';
import type { RgbImage } from '../images/images.ts';
import type { HuffmanTable, JpegHeader } from './header.ts';

/** Beyond this sharp decodes: it needs less memory, and can leave out detail. */
const maxPixels = 4 * 2 ** 20;
/** JPEG_MAX_DIMENSION */
const maxSide = 65_500;

const blockBytes = 128;
const componentInts = 7;
/** Layout of a table in the workspace: see assembly/jpeg-decode.ts. */
const tableBytes = 4496;
const [lookupBits, ofLast, ofOffset, ofSymbols] = [10, 4096, 4168, 4240];
/** A unit of too few bits reads on beyond the data. */
const afterData = 2048;

/** Place of each coefficient in zigzag order, in bytes of a block of 16-bit numbers by row. */
const positions = Uint8Array.from(zigzag(), (place) => 2 * place);

function zigzag(): number[] {
  const places: number[] = [];
  for (let sum = 0; sum < 15; sum++) {
    const [low, high] = [Math.max(0, sum - 7), Math.min(7, sum)];
    for (let i = low; i <= high; i++) {
      const row = sum % 2 === 0 ? low + high - i : i;
      places.push(8 * row + sum - row);
    }
  }
  return places;
}

/**
 * null where the data is not exactly what the header promises. The pixels are a view, good until the next call: copy what you keep.
 */
export function decodeJpeg(bytes: Buffer, header: JpegHeader): RgbImage | null {
  const { width, height, components, restart, scanStart } = header;
  // libjpeg enlarges chroma of up to two columns another way, and refuses sides above its limit.
  if (width < 5 || Math.max(width, height) > maxSide || height < 1 || width * height > maxPixels) return null;
  const halved = components[0]!.across === 2;
  const unit = halved ? 16 : 8;
  const [unitsAcross, unitsDown] = [Math.ceil(width / unit), Math.ceil(height / unit)];
  const [paddedWidth, paddedHeight] = [unit * unitsAcross, unit * unitsDown];
  const lumaSize = paddedWidth * paddedHeight;
  const chromaSize = halved ? lumaSize / 4 : lumaSize;
  const scan = bytes.subarray(scanStart);
  const parts = {
    ...{ data: scan.length, copy: scan.length + afterData },
    ...{ luma: lumaSize, blue: chromaSize, red: chromaSize, result: 3 * width * height },
    ...{ line: 3 * paddedWidth + 48, scratch: 2 * paddedWidth + 64 },
    ...{ components: 4 * componentInts * 3, positions: 64, block: blockBytes },
    ...{ steps: 3 * blockBytes, tables: 6 * tableBytes },
  };
  const { kernels, at, bytes: view, ints } = openWorkspace(parts, 'decode');
  view(at.data, scan.length).set(scan);
  view(at.positions, 64).set(positions);
  for (const [i, { across, down, steps, means, rest }] of components.entries()) {
    const table = at.tables + 2 * i * tableBytes;
    // Differences of means have at most 11 bits.
    if (means.symbols.some((symbol) => symbol > 11)) return null;
    if (!setTable(view(table, tableBytes), means)) return null;
    if (!setTable(view(table + tableBytes, tableBytes), rest)) return null;
    const ownSteps = at.steps + i * blockBytes;
    view(ownSteps, blockBytes).set(new Uint8Array(steps.buffer));
    const plane = [at.luma, at.blue, at.red][i]!;
    const stride = i === 0 || !halved ? paddedWidth : paddedWidth / 2;
    const own = [table, table + tableBytes, ownSteps, plane, stride, across, down];
    ints(at.components + 4 * componentInts * i, componentInts).set(own);
  }
  const consumed = kernels.decodeScan(
    ...([at.data, scan.length, at.copy, unitsAcross, unitsDown, restart] as const),
    ...([at.components, at.positions, at.block] as const),
  );
  if (consumed < 0 || scan[consumed] !== 0xff || scan[consumed + 1] !== 0xd9) return null;
  const planes = [at.luma, at.blue, at.red] as const;
  if (halved) kernels.fromPlanes(at.result, width, height, paddedWidth, ...planes, at.line, at.scratch);
  else kernels.fromFullPlanes(at.result, width, height, paddedWidth, ...planes, at.line);
  return { data: view(at.result, 3 * width * height), width, height };
}

/** Writes the table as the kernel reads it; false where its codes do not fit their lengths. */
function setTable(bytes: Uint8Array, { counts, symbols }: HuffmanTable): boolean {
  bytes.fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  bytes.set(symbols, ofSymbols);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    const count = counts[length - 1]!;
    // All ones is no code.
    if (code + count > (1 << length) - 1) return false;
    view.setInt32(ofOffset + 4 * length, place - code, true);
    for (let i = 0; i < count; i++, code++, place++) {
      if (length > lookupBits) continue;
      const symbol = symbols[place]!;
      const free = lookupBits - length;
      for (let rest = 0; rest < 1 << free; rest++)
        view.setInt32(4 * ((code << free) | rest), entryOf(length, symbol, rest, free), true);
    }
    view.setInt32(ofLast + 4 * length, count === 0 ? -1 : code - 1, true);
  }
  return true;
}

/** An entry for a code and the `free` bits after it; with the number that follows it, where those bits hold it. */
function entryOf(length: number, symbol: number, rest: number, free: number): number {
  const size = symbol & 15;
  if (size === 0 || size > free) return length | (symbol << 8);
  const bits = rest >> (free - size);
  const value = bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
  return (length + size) | 128 | (symbol << 8) | (value << 16);
}
