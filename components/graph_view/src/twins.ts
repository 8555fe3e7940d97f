// Which items of a drawing stand for which of another, and where one looks when the other looks
// somewhere. Pure arithmetic on columns prepared once: nothing is allocated in a frame.
import { Kind, NO_ITEM, type Scene } from "./scene";

const FLOATS_A_SIDE = 4;
const FLOATS_A_PAIR = 2 * FLOATS_A_SIDE;
const BASE = 0;
const OTHER = FLOATS_A_SIDE;
const SOFTNESS = 1 / 8; // of what is seen: closer than that, pairs count alike

/** A point that functions write into. */
export interface Point {
  x: number;
  y: number;
}

export class Twins {
  readonly nPairs: number;
  /** For each side of a pair: middle x, y; half width and half height of what counts as near. */
  private readonly places: Float32Array;

  /** Pairs of keys of which either drawing shows both ends. */
  constructor(
    private readonly base: Scene,
    private readonly other: Scene,
    baseKeys: Uint32Array,
    otherKeys: Uint32Array,
  ) {
    const places = new Float32Array(FLOATS_A_PAIR * baseKeys.length);
    let at = 0;
    for (let pair = 0; pair < baseKeys.length; pair++) {
      const item = base.item(baseKeys[pair]);
      const twin = other.item(otherKeys[pair]);
      if (item === NO_ITEM || twin === NO_ITEM) continue;
      const isOpen = base.kind[item] === Kind.expandedGroup;
      const isTwinOpen = other.kind[twin] === Kind.expandedGroup;
      if (isOpen && isTwinOpen) continue; // what is inside them says it better
      writePlace(places, at + BASE, base, item, isOpen);
      writePlace(places, at + OTHER, other, twin, isTwinOpen);
      at += FLOATS_A_PAIR;
    }
    this.places = places.subarray(0, at);
    this.nPairs = at / FLOATS_A_PAIR;
  }

  /** Moves `point` from the base to the other drawing; `extent` is what is seen of the world. */
  toOther(point: Point, extent: number): void {
    if (this.nPairs > 0) this.carry(point, extent, BASE, OTHER);
    else share(point, this.base, this.other);
  }

  toBase(point: Point, extent: number): void {
    if (this.nPairs > 0) this.carry(point, extent, OTHER, BASE);
    else share(point, this.other, this.base);
  }

  /**
   * The mean of how far twins are from each other, weighed by 1 / (d² + s²)², where d is the
   * distance from the point and s a share of what is seen (inverse distances after Shepard, 1968,
   * but soft): smooth everywhere. Inside an open group d is 0 and its twin stays in the middle.
   */
  private carry(point: Point, extent: number, from: number, to: number): void {
    const { places } = this;
    const { x, y } = point;
    const soft = (extent * SOFTNESS) ** 2;
    let sum = 0;
    let sumX = 0;
    let sumY = 0;
    for (let at = 0; at < places.length; at += FLOATS_A_PAIR) {
      const here = at + from;
      const atX = nearest(x, places[here], places[here + 2]);
      const atY = nearest(y, places[here + 1], places[here + 3]);
      const q = (atX - x) * (atX - x) + (atY - y) * (atY - y) + soft;
      const weight = 1 / (q * q);
      sum += weight;
      sumX += weight * (places[at + to] - atX);
      sumY += weight * (places[at + to + 1] - atY);
    }
    point.x = x + sumX / sum;
    point.y = y + sumY / sum;
  }
}

/** An open group is near as a whole, everything else at its middle. */
function writePlace(
  places: Float32Array,
  at: number,
  scene: Scene,
  item: number,
  isOpen: boolean,
): void {
  const [x, y, width, height] = scene.rect.subarray(4 * item, 4 * item + 4);
  places[at] = x + width / 2;
  places[at + 1] = y + height / 2;
  places[at + 2] = isOpen ? width / 2 : 0;
  places[at + 3] = isOpen ? height / 2 : 0;
}

function nearest(value: number, middle: number, half: number): number {
  return Math.min(Math.max(value, middle - half), middle + half);
}

/** Without twins: the same share of either drawing. */
export function share(point: Point, from: Scene, to: Scene): void {
  point.x *= to.size[0] / Math.max(from.size[0], 1);
  point.y *= to.size[1] / Math.max(from.size[1], 1);
}
