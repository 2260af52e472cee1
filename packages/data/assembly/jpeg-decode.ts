// The entropy-coded data of a baseline JPEG file (ITU-T T.81, one scan of all three components) to planes of luma and chroma. Whatever
// is not exactly as the standard has it is refused, for a decoder that knows how to go on.
import { storeBlock, storeMean } from './dct';

/**
 * A Huffman table: 1,024 entries of 32 bits by the next ten bits of data. Bits 0 to 6: how many of them are used up, bits 8 to 15: the
 * symbol; if bit 7 is set, the number that follows the symbol is used up too, and is in bits 16 to 31. 0: a longer code. Then, by length...
 */
const ofLast: usize = 4096;
/** ...the last code, 18 32-bit numbers, what to add to a code for its symbol's place, 18 more, and the symbols. */
const ofOffset: usize = 4168;
const ofSymbols: usize = 4240;

/** Per component, 32 bits each: Huffman table of means, that of the rest, steps in zigzag order, plane, stride, blocks across and down. */
const componentBytes: usize = 28;

// The bits of the interval being read: the next ones at the top of `bits`, `numBits` of them; `next`: where more come from.
let bits: u64 = 0;
let numBits: i32 = 0;
let next: usize = 0;

/** Copies bytes up to the next marker without the zeros stuffed after 255s, and 64 zeros; returns the end of the copy. */
function copyInterval(from: usize, end: usize, to: usize): usize {
  const full = i8x16.splat(-1);
  let at = from;
  while (at < end) {
    const bytes = v128.load(at);
    if (at + 16 <= end && !v128.any_true(i8x16.eq(bytes, full))) {
      v128.store(to, bytes);
      at += 16;
      to += 16;
      continue;
    }
    const byte = load<u8>(at);
    if (byte == 255) {
      if (at + 1 >= end || load<u8>(at, 1) != 0) break;
      at++;
    }
    store<u8>(to++, byte);
    at++;
  }
  memory.fill(to, 0, 64);
  consumed = at;
  return to;
}

/** Where `copyInterval` stopped reading. */
let consumed: usize = 0;

const refused: i32 = i32.MIN_VALUE;

/** No coefficient of 8-bit pixels is larger; with larger ones decoders differ in how they overflow. */
const most: i32 = 4096;

/** An entry for the code at the top of `window`, however long; 0 if there is none. */
@inline
function entryOf(table: usize, window: u64): i32 {
  const entry = load<i32>(table + (<usize>(window >> 54) << 2));
  return entry != 0 ? entry : longEntryOf(table, window);
}

function longEntryOf(table: usize, window: u64): i32 {
  for (let length: usize = 11; length <= 16; length++) {
    const code = <i32>(window >> (64 - length));
    if (code <= load<i32>(table + ofLast + (length << 2))) {
      const place = code + load<i32>(table + ofOffset + (length << 2));
      return <i32>length | (<i32>load<u8>(table + ofSymbols + <usize>(place & 255)) << 8);
    }
  }
  return 0;
}

/** A number of `size` bits as the standard means it: the lower half is negative. */
@inline
function extended(value: i32, size: i32): i32 {
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** The next block of a component, as bytes at `corner`; `mean`: the one before's. Returns this one's, or `refused`. */
function decodeBlock(
  component: usize,
  mean: i32,
  positions: usize,
  block: usize,
  corner: usize,
  stride: i32,
): i32 {
  const steps = <usize>load<i32>(component, 8);
  const rest = <usize>load<i32>(component, 4);
  let window = bits;
  let left = numBits;
  let from = next;
  if (left < 32) {
    window |= bswap(load<u64>(from)) >> left;
    from += <usize>(63 - left) >> 3;
    left |= 56;
  }
  const first = entryOf(<usize>load<i32>(component), window);
  if (first == 0) return refused;
  const size = (first >> 8) & 255;
  window <<= first & 127;
  left -= first & 127;
  if (first & 128) {
    mean += first >> 16;
  } else if (size > 11) {
    return refused;
  } else if (size > 0) {
    mean += extended(<i32>(window >> (64 - size)), size);
    window <<= size;
    left -= size;
  }
  const zero = i64x2.splat(0);
  v128.store(block, zero);
  v128.store(block, zero, 16);
  v128.store(block, zero, 32);
  v128.store(block, zero, 48);
  v128.store(block, zero, 64);
  v128.store(block, zero, 80);
  v128.store(block, zero, 96);
  v128.store(block, zero, 112);
  const ofMean = mean * <i32>load<i16>(steps);
  if (<u32>(ofMean + most) > 2 * most) return refused;
  store<i16>(block, <i16>ofMean);
  let flat = true;
  for (let k: usize = 1; k < 64; k++) {
    if (left < 32) {
      window |= bswap(load<u64>(from)) >> left;
      from += <usize>(63 - left) >> 3;
      left |= 56;
    }
    const entry = entryOf(rest, window);
    if (entry == 0) return refused;
    window <<= entry & 127;
    left -= entry & 127;
    const run = (entry >> 12) & 15;
    let value = entry >> 16;
    k += run;
    if (!(entry & 128)) {
      const length = (entry >> 8) & 15;
      if (length == 0) {
        if (run == 15) continue;
        if (run > 0) return refused;
        break;
      }
      if (length > 10) return refused;
      value = extended(<i32>(window >> (64 - length)), length);
      window <<= length;
      left -= length;
    }
    if (k > 63) return refused;
    const coefficient = value * <i32>load<i16>(steps + (k << 1));
    if (<u32>(coefficient + most) > 2 * most) return refused;
    store<i16>(block + load<u8>(positions + k), <i16>coefficient);
    flat = false;
  }
  bits = window;
  numBits = left;
  next = from;
  if (flat) storeMean(ofMean, corner, stride);
  else storeBlock(block, corner, stride);
  return mean;
}

/**
 * Decodes the scan that begins at `data` into the planes of three `components` (28 bytes each, see above). `restart`: units between
 * restart markers, 0 for none; `positions`: where each coefficient in zigzag order goes, in bytes; `block`: room for 128
 * bytes, `copy`: for the data and 2,048 bytes more (a unit of too few bits reads on that far). Returns how many bytes were read up to the marker that ends the scan, or -1.
 */
export function decodeScan(
  data: usize,
  length: i32,
  copy: usize,
  unitsAcross: i32,
  unitsDown: i32,
  restart: i32,
  components: usize,
  positions: usize,
  block: usize,
): i32 {
  const end = data + length;
  let mean0 = 0;
  let mean1 = 0;
  let mean2 = 0;
  let copyEnd = copyInterval(data, end, copy);
  bits = 0;
  numBits = 0;
  next = copy;
  let untilRestart = restart;
  let marker = 0;
  for (let y = 0; y < unitsDown; y++) {
    for (let x = 0; x < unitsAcross; x++) {
      if (restart > 0 && untilRestart == 0) {
        if (!wholly(copy, copyEnd) || consumed + 2 > end || load<u8>(consumed, 1) != 0xd0 + <u8>marker) return -1;
        marker = (marker + 1) & 7;
        copyEnd = copyInterval(consumed + 2, end, copy);
        bits = 0;
        numBits = 0;
        next = copy;
        mean0 = 0;
        mean1 = 0;
        mean2 = 0;
        untilRestart = restart;
      }
      untilRestart--;
      mean0 = decodeUnit(components, mean0, x, y, positions, block);
      mean1 = decodeUnit(components + componentBytes, mean1, x, y, positions, block);
      mean2 = decodeUnit(components + 2 * componentBytes, mean2, x, y, positions, block);
      if (mean0 == refused || mean1 == refused || mean2 == refused || next > copyEnd + 8) return -1;
    }
  }
  return wholly(copy, copyEnd) ? <i32>(consumed - data) : -1;
}

/** Whether the interval was read to its last byte and no further. */
@inline
function wholly(copy: usize, copyEnd: usize): bool {
  const unread = (<i32>(copyEnd - next) << 3) + numBits;
  return unread >= 0 && unread < 8 && copyEnd > copy;
}

/** The blocks of a component in the unit at (x, y); returns the last one's mean, or `refused`. */
@inline
function decodeUnit(component: usize, mean: i32, x: i32, y: i32, positions: usize, block: usize): i32 {
  const plane = <usize>load<i32>(component, 12);
  const stride = load<i32>(component, 16);
  const across = load<i32>(component, 20);
  const down = load<i32>(component, 24);
  for (let v = 0; v < down; v++) {
    for (let h = 0; h < across; h++) {
      const corner = plane + <usize>((y * down + v) * 8 * stride + (x * across + h) * 8);
      mean = decodeBlock(component, mean, positions, block, corner, stride);
      if (mean == refused) return refused;
    }
  }
  return mean;
}
