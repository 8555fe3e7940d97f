// From one scene to the next: where items were, how the camera follows, and the clock.
// Pure functions of columns but for the clock.
import type { Camera, ViewSize } from "./camera";
import { toWorld } from "./camera";
import { Kind, NO_ITEM, type Scene } from "./scene";

export const MOVE_MS = 320;
const HANDLE_X = 14; // world, from the left edge of a group's box
const HEADER = 26;

export const easeOut = (t: number): number => 1 - (1 - t) ** 3;

/** Boxes as they are shown at `progress` on the way from `from` to `to`. */
export function shownRects(from: Float32Array, to: Float32Array, progress: number): Float32Array {
  if (progress >= 1) return to;
  return to.map((value, i) => from[i] + (value - from[i]) * progress);
}

/**
 * Where the items of `next` are in the old drawing. What is new there grows out of the old place
 * of its group, or out of its own centre.
 */
export function oldPlaces(next: Scene, previous: Scene, shown: Float32Array): Float32Array {
  const from = new Float32Array(4 * next.nItems);
  const to = next.rect;
  for (let item = 0; item < next.nItems; item++) {
    const at = 4 * item;
    const old = previous.item(next.key[item]);
    const parent = next.parent[item];
    if (old !== NO_ITEM) from.set(shown.subarray(4 * old, 4 * old + 4), at);
    else if (parent !== NO_ITEM) placeInside(from, to, at, 4 * parent);
    else from.set([to[at] + to[at + 2] / 2, to[at + 1] + to[at + 3] / 2, 0, 0], at);
  }
  return from;
}

function placeInside(from: Float32Array, to: Float32Array, at: number, parent: number): void {
  const scaleX = from[parent + 2] / Math.max(to[parent + 2], 1e-6);
  const scaleY = from[parent + 3] / Math.max(to[parent + 3], 1e-6);
  from[at] = from[parent] + (to[at] - to[parent]) * scaleX;
  from[at + 1] = from[parent + 1] + (to[at + 1] - to[parent + 1]) * scaleY;
  from[at + 2] = to[at + 2] * scaleX;
  from[at + 3] = to[at + 3] * scaleY;
}

/**
 * How far the drawing has moved under the item that the reader holds on to: the clicked group
 * (its handle stays), else what is nearest to the middle of the view. Null where nothing stayed.
 */
export function anchorShift(
  next: Scene,
  previous: Scene,
  shown: Float32Array,
  camera: Camera,
): [number, number] | null {
  const anchor = next.item(next.anchorKey);
  const old = previous.item(next.anchorKey);
  if (anchor !== NO_ITEM && old !== NO_ITEM) {
    const [x0, y0] = handleOf(previous, shown, old);
    const [x1, y1] = handleOf(next, next.rect, anchor);
    return [x1 - x0, y1 - y0];
  }
  return shiftNear(next, previous, shown, camera);
}

function handleOf(scene: Scene, rect: Float32Array, item: number): [number, number] {
  const at = 4 * item;
  const isOpen = scene.kind[item] === Kind.expandedGroup;
  return [rect[at] + HANDLE_X, rect[at + 1] + (isOpen ? HEADER / 2 : rect[at + 3] / 2)];
}

function shiftNear(
  next: Scene,
  previous: Scene,
  shown: Float32Array,
  camera: Camera,
): [number, number] | null {
  let best = Infinity;
  let found: [number, number] | null = null;
  for (let old = 0; old < previous.nItems; old++) {
    const item = next.item(previous.key[old]);
    if (item === NO_ITEM || previous.kind[old] === Kind.expandedGroup) continue;
    const x = shown[4 * old] + shown[4 * old + 2] / 2;
    const y = shown[4 * old + 1] + shown[4 * old + 3] / 2;
    const distance = Math.hypot(x - camera.x, y - camera.y);
    if (distance >= best) continue;
    best = distance;
    const to = next.rectOf(item);
    found = [to.x + to.width / 2 - x, to.y + to.height / 2 - y];
  }
  return found;
}

/** True if every item stands where it stood. */
export function isSamePlace(next: Scene, previous: Scene): boolean {
  if (next.nItems !== previous.nItems) return false;
  return (
    next.rect.every((value, i) => value === previous.rect[i]) &&
    next.key.every((key, i) => key === previous.key[i])
  );
}

/** Moves boxes by (dx, dy) world units, in place. */
export function shift(rects: Float32Array, dx: number, dy: number): void {
  for (let at = 0; at < rects.length; at += 4) {
    rects[at] += dx;
    rects[at + 1] += dy;
  }
}

/** True if the world point in the middle of the view lies in or near the drawing. */
export function isInSight(scene: Scene, camera: Camera, size: ViewSize): boolean {
  const [x0, y0] = toWorld(camera, size, 0, 0);
  const [x1, y1] = toWorld(camera, size, size.width, size.height);
  return x1 > 0 && y1 > 0 && x0 < scene.size[0] && y0 < scene.size[1];
}

/** A running change that ends after `durationMs`; `step` gets 0..1. */
export interface Tween {
  startMs: number;
  durationMs: number;
  step: (t: number) => void;
}

export const wantsLessMotion = (): boolean =>
  window.matchMedia("(prefers-reduced-motion: reduce)").matches;
