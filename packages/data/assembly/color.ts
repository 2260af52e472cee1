// Brightness, saturation and contrast. All pointers of all kernels are into the one memory, and operands may be read up to 64 bytes
// beyond their end. Arithmetic is in integers or single operations of IEEE 754 floats: the bits are the same on every machine.
import { blue, bytesOf, green, red, storePixels } from './vectors';

/** Four of 16 bytes as floats, by the quarter they lie in. */
@inline
function floats0(bytes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
}

@inline
function floats1(bytes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
}

@inline
function floats2(bytes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_high_i8x16_u(bytes)));
}

@inline
function floats3(bytes: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(i16x8.extend_high_i8x16_u(bytes)));
}

/** The nearest integer (of two the even one) of numbers from 0 to 2^22: what is left of them beside 2^23. */
@inline
function rounded(values: v128): v128 {
  return i32x4.sub(f32x4.add(values, f32x4.splat(8388608)), i32x4.splat(0x4b000000));
}

/** Bytes times factors, rounded. */
@inline
function scaled(bytes: v128, f0: v128, f1: v128, f2: v128, f3: v128): v128 {
  const v0 = rounded(f32x4.mul(floats0(bytes), f0));
  const v1 = rounded(f32x4.mul(floats1(bytes), f1));
  const v2 = rounded(f32x4.mul(floats2(bytes), f2));
  const v3 = rounded(f32x4.mul(floats3(bytes), f3));
  return bytesOf(v0, v1, v2, v3);
}

@inline
function valueFactor(value: v128, shift: v128): v128 {
  const wanted = f32x4.pmin(f32x4.pmax(f32x4.add(value, shift), f32x4.splat(0)), f32x4.splat(255));
  return f32x4.div(wanted, f32x4.pmax(value, f32x4.splat(1)));
}

/** Adds `shift`, in units of a byte, to V of HSV; a black pixel becomes `ofBlack`. In place. */
export function shiftValue(pixels: usize, numPixels: i32, shift: f32, ofBlack: i32): void {
  const s = f32x4.splat(shift);
  const black = i8x16.splat(<i8>ofBlack);
  const zero = i64x2.splat(0);
  for (let i = 0; i < numPixels; i += 16, pixels += 48) {
    const a = v128.load(pixels);
    const b = v128.load(pixels, 16);
    const c = v128.load(pixels, 32);
    const r = red(a, b, c);
    const g = green(a, b, c);
    const l = blue(a, b, c);
    const value = i8x16.max_u(i8x16.max_u(r, g), l);
    const f0 = valueFactor(floats0(value), s);
    const f1 = valueFactor(floats1(value), s);
    const f2 = valueFactor(floats2(value), s);
    const f3 = valueFactor(floats3(value), s);
    const fill = v128.and(i8x16.eq(value, zero), black);
    storePixels(
      pixels,
      v128.or(scaled(r, f0, f1, f2, f3), fill),
      v128.or(scaled(g, f0, f1, f2, f3), fill),
      v128.or(scaled(l, f0, f1, f2, f3), fill),
    );
  }
}

/** New S / S of a V and its distance to the least channel, S being their ratio; grey, at distance 0, stays grey. */
@inline
function saturationFactor(value: v128, distance: v128, factor: v128, offset: v128): v128 {
  const full = f32x4.div(value, f32x4.pmax(distance, f32x4.splat(1)));
  const wanted = f32x4.add(factor, f32x4.mul(offset, full));
  return f32x4.pmin(f32x4.pmax(wanted, f32x4.splat(0)), full);
}

/** Makes S of HSV `factor` * S + `offset`, clipped to 0..1. In place. */
export function scaleSaturation(pixels: usize, numPixels: i32, factor: f32, offset: f32): void {
  const f = f32x4.splat(factor);
  const o = f32x4.splat(offset);
  for (let i = 0; i < numPixels; i += 16, pixels += 48) {
    const a = v128.load(pixels);
    const b = v128.load(pixels, 16);
    const c = v128.load(pixels, 32);
    const r = red(a, b, c);
    const g = green(a, b, c);
    const l = blue(a, b, c);
    const value = i8x16.max_u(i8x16.max_u(r, g), l);
    const distance = i8x16.sub(value, i8x16.min_u(i8x16.min_u(r, g), l));
    const f0 = saturationFactor(floats0(value), floats0(distance), f, o);
    const f1 = saturationFactor(floats1(value), floats1(distance), f, o);
    const f2 = saturationFactor(floats2(value), floats2(distance), f, o);
    const f3 = saturationFactor(floats3(value), floats3(distance), f, o);
    storePixels(
      pixels,
      i8x16.sub(value, scaled(i8x16.sub(value, r), f0, f1, f2, f3)),
      i8x16.sub(value, scaled(i8x16.sub(value, g), f0, f1, f2, f3)),
      i8x16.sub(value, scaled(i8x16.sub(value, l), f0, f1, f2, f3)),
    );
  }
}

@inline
function linear16(bytes: v128, factor: v128, o0: v128, o1: v128, o2: v128, o3: v128): v128 {
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  const v0 = i32x4.shr_s(i32x4.add(i32x4.mul(i32x4.extend_low_i16x8_u(low), factor), o0), 16);
  const v1 = i32x4.shr_s(i32x4.add(i32x4.mul(i32x4.extend_high_i16x8_u(low), factor), o1), 16);
  const v2 = i32x4.shr_s(i32x4.add(i32x4.mul(i32x4.extend_low_i16x8_u(high), factor), o2), 16);
  const v3 = i32x4.shr_s(i32x4.add(i32x4.mul(i32x4.extend_high_i16x8_u(high), factor), o3), 16);
  return bytesOf(v0, v1, v2, v3);
}

/** Each byte becomes (byte * factor + offset of its channel) >> 16, clipped. In place. */
export function linear(pixels: usize, numPixels: i32, factor: i32, ofRed: i32, ofGreen: i32, ofBlue: i32): void {
  const f = i32x4.splat(factor);
  // Lanes of four that begin with red, with blue and with green.
  const rgbr = i32x4(ofRed, ofGreen, ofBlue, ofRed);
  const gbrg = i32x4(ofGreen, ofBlue, ofRed, ofGreen);
  const brgb = i32x4(ofBlue, ofRed, ofGreen, ofBlue);
  for (let i = 0; i < numPixels; i += 16, pixels += 48) {
    v128.store(pixels, linear16(v128.load(pixels), f, rgbr, gbrg, brgb, rgbr));
    v128.store(pixels, linear16(v128.load(pixels, 16), f, gbrg, brgb, rgbr, gbrg), 16);
    v128.store(pixels, linear16(v128.load(pixels, 32), f, brgb, rgbr, gbrg, brgb), 32);
  }
}

/** Sums of red, green and blue as three 32-bit numbers at `sums`; exact up to 16.8 million pixels. */
export function sumChannels(pixels: usize, numPixels: i32, sums: usize): void {
  let r = i32x4.splat(0);
  let g = i32x4.splat(0);
  let l = i32x4.splat(0);
  let i = 0;
  for (; i + 16 <= numPixels; i += 16, pixels += 48) {
    const a = v128.load(pixels);
    const b = v128.load(pixels, 16);
    const c = v128.load(pixels, 32);
    r = i32x4.add(r, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(red(a, b, c))));
    g = i32x4.add(g, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(green(a, b, c))));
    l = i32x4.add(l, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(blue(a, b, c))));
  }
  let reds = lanesOf(r);
  let greens = lanesOf(g);
  let blues = lanesOf(l);
  for (; i < numPixels; i++, pixels += 3) {
    reds += load<u8>(pixels);
    greens += load<u8>(pixels, 1);
    blues += load<u8>(pixels, 2);
  }
  store<u32>(sums, reds);
  store<u32>(sums, greens, 4);
  store<u32>(sums, blues, 8);
}

@inline
function lanesOf(v: v128): u32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  );
}
