// A scene description becomes pixels: Float32Array, RGB interleaved (HWC), 0..1, not yet clipped.
// Textures are regular and hard-edged at a period of about 7 pixels (at side 64), so that blur, noise and pixelation
// leave a mark everywhere; the subject is drawn last, so its mask is exact.
import { places, type Scene, type SceneObject } from './scene.ts';

/** A rectangle in units of the side, 0..1. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Subject {
  readonly box: Box;
  /** side*side, 1 where the subject is. */
  readonly mask: Uint8Array;
}

export interface Rendered {
  readonly image: Float32Array;
  readonly side: number;
  readonly subject: Subject;
}

interface Grid {
  /** Pixel position in 0..1 along one axis (pixel i at i/side, as the texture phases assume). */
  readonly position: Float64Array;
  /** Sign of the ground's texture wave along one axis; a chequer is the product of two. */
  readonly groundSign: Float64Array;
  /** Brightness factor of an object's vertical stripes. */
  readonly stripe: Float64Array;
}

const groundFrequency = 50;
const stripeFrequency = 60;
const groundDepth = 0.12;
const stripeDepth = 0.35;
const grids = new Map<number, Grid>();

function gridOf(side: number): Grid {
  let grid = grids.get(side);
  if (!grid) {
    const position = Float64Array.from({ length: side }, (_, i) => i / side);
    grid = {
      position,
      groundSign: position.map((p) => Math.sign(Math.sin(groundFrequency * p))),
      stripe: position.map((p) => 1 + stripeDepth * Math.sign(Math.sin(stripeFrequency * p))),
    };
    grids.set(side, grid);
  }
  return grid;
}

/** Whether the point (dx, dy), in radii from the centre, lies in the shape of a kind of object. */
function inside(kind: number, dx: number, dy: number): boolean {
  const squared = dx * dx + dy * dy;
  switch (kind) {
    case 0:
      return squared < 1;
    case 1:
      return Math.abs(dx) < 0.9 && Math.abs(dy) < 0.9;
    case 2:
      return Math.abs(dx) + Math.abs(dy) < 1.1;
    case 3:
      return Math.abs(dx) < 0.35 && Math.abs(dy) < 1.2;
    case 4:
      return dy > -1 && dy < 1 && Math.abs(dx) < (dy + 1) / 2;
    default:
      return squared < 1 && squared > 0.4;
  }
}

/** The largest half-extent of any shape, in radii. */
const maxExtent = 1.2;

function drawObject(image: Float32Array, side: number, grid: Grid, object: SceneObject, mask: Uint8Array | null): void {
  const reach = maxExtent * object.radius;
  const first = (centre: number) => Math.max(0, Math.floor((centre - reach) * side));
  const last = (centre: number) => Math.min(side - 1, Math.ceil((centre + reach) * side));
  const [red, green, blue] = object.color;
  const rightmost = last(object.x);
  const bottom = last(object.y);
  for (let row = first(object.y); row <= bottom; row++) {
    const dy = (grid.position[row]! - object.y) / object.radius;
    for (let column = first(object.x); column <= rightmost; column++) {
      const dx = (grid.position[column]! - object.x) / object.radius;
      if (!inside(object.kind, dx, dy)) continue;
      const pixel = row * side + column;
      const texture = grid.stripe[column]!;
      image[3 * pixel] = red * texture;
      image[3 * pixel + 1] = green * texture;
      image[3 * pixel + 2] = blue * texture;
      if (mask) mask[pixel] = 1;
    }
  }
}

/** Renders a scene as a perfect camera would see it. */
export function render(scene: Scene, side = 64): Rendered {
  const grid = gridOf(side);
  const image = new Float32Array(side * side * 3);
  const { sky, ground } = places[scene.place]!;
  for (let row = 0; row < side; row++) {
    const y = grid.position[row]!;
    const isSky = y < scene.horizon;
    const light = isSky ? 1 - 0.3 * y : 0.6 + 0.4 * y;
    const base = isSky ? sky : ground;
    const depth = isSky ? 0 : groundDepth * grid.groundSign[row]!;
    for (let column = 0; column < side; column++) {
      const texture = depth * grid.groundSign[column]!;
      const at = 3 * (row * side + column);
      image[at] = base[0] * light + texture;
      image[at + 1] = base[1] * light + texture;
      image[at + 2] = base[2] * light + texture;
    }
  }
  for (const object of scene.others) drawObject(image, side, grid, object, null);
  const mask = new Uint8Array(side * side);
  drawObject(image, side, grid, scene.subject, mask);
  return { image, side, subject: { box: boxOf(mask, side), mask } };
}

/** The tightest box around a mask; the whole photograph where the mask is empty. */
export function boxOf(mask: Uint8Array, side: number): Box {
  let left = side;
  let right = -1;
  let top = side;
  let bottom = -1;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      if (!mask[row * side + column]) continue;
      if (column < left) left = column;
      if (column > right) right = column;
      if (row < top) top = row;
      bottom = row;
    }
  }
  if (right < 0) return { x: 0, y: 0, width: 1, height: 1 };
  return { x: left / side, y: top / side, width: (right - left + 1) / side, height: (bottom - top + 1) / side };
}

/** Float 0..1 (clipped) to bytes 0..255. */
export function toBytes(image: Float32Array): Uint8Array {
  const bytes = new Uint8Array(image.length);
  for (let i = 0; i < image.length; i++) {
    const value = image[i]!;
    bytes[i] = value <= 0 ? 0 : value >= 1 ? 255 : Math.floor(value * 255 + 0.5);
  }
  return bytes;
}
