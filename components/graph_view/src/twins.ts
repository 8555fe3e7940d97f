// Which items of a drawing stand for which of another, and where one looks when the other looks
// somewhere. Pure arithmetic on columns prepared once: nothing is allocated in a frame.
import { Kind, NO_ITEM, type Scene } from "./scene";

const FLOATS = 4; // a row of a way
// Of what is seen: closer than that, pairs count alike. Less follows more closely, more moves more
// evenly; with this, nine of ten twins of what is in the middle lie within 100 px of it in pairs of
// float and quantized models, and all of them in sight.
const SOFTNESS = 1 / 12;

/** A point that functions write into. */
export interface Point {
  x: number;
  y: number;
}

export class Twins {
  readonly nPairs: number;
  private readonly out: Way;
  private readonly back: Way;

  /** Pairs of keys of which either drawing shows both ends. */
  constructor(
    private readonly base: Scene,
    private readonly other: Scene,
    baseKeys: Uint32Array,
    otherKeys: Uint32Array,
  ) {
    const items: number[] = [];
    const twins: number[] = [];
    for (let pair = 0; pair < baseKeys.length; pair++) {
      const item = base.item(baseKeys[pair]);
      const twin = other.item(otherKeys[pair]);
      if (item === NO_ITEM || twin === NO_ITEM) continue;
      if (isOpen(base, item) && isOpen(other, twin)) continue; // what is in them says it better
      items.push(item);
      twins.push(twin);
    }
    this.nPairs = items.length;
    this.out = new Way(base, other, items, twins);
    this.back = new Way(other, base, twins, items);
  }

  /** Moves `point` from the base to the other drawing; `extent` is what is seen of the world. */
  toOther(point: Point, extent: number): void {
    if (this.nPairs > 0) this.out.carry(point, extent);
    else share(point, this.base, this.other);
  }

  toBase(point: Point, extent: number): void {
    if (this.nPairs > 0) this.back.carry(point, extent);
    else share(point, this.other, this.base);
  }
}

/** From one drawing to another. */
class Way {
  /** Rows of x, y, dx, dy: a middle, and how far from it the middle of its twin is. */
  private readonly points: Float32Array;
  /** The same for open groups, each after a row of half width, half height, 0, 0. */
  private readonly boxes: Float32Array;
  private sum = 0;
  private sumX = 0;
  private sumY = 0;

  constructor(from: Scene, to: Scene, items: number[], twins: number[]) {
    const points: number[] = [];
    const boxes: number[] = [];
    items.forEach((item, pair) => {
      const [halfWidth, halfHeight] = [from.rect[4 * item + 2] / 2, from.rect[4 * item + 3] / 2];
      if (isOpen(from, item)) boxes.push(halfWidth, halfHeight, 0, 0);
      const rows = isOpen(from, item) ? boxes : points;
      const [x, y] = [from.rect[4 * item] + halfWidth, from.rect[4 * item + 1] + halfHeight];
      addOffset(rows, x, y, to, twins[pair]);
    });
    this.points = Float32Array.from(points);
    this.boxes = Float32Array.from(boxes);
  }

  /**
   * Moves a point by the mean of how far twins are from each other, weighed by 1 / (d² + s²)²,
   * where d is the distance from the point and s a share of what is seen (inverse distances after
   * Shepard, 1968, but soft): smooth everywhere. In an open group d is 0, and its twin stays in
   * the middle.
   */
  carry(point: Point, extent: number): void {
    const soft = (extent * SOFTNESS) ** 2;
    this.sum = this.sumX = this.sumY = 0;
    this.addPoints(point.x, point.y, soft);
    this.addBoxes(point.x, point.y, soft);
    point.x += this.sumX / this.sum;
    point.y += this.sumY / this.sum;
  }

  private addPoints(x: number, y: number, soft: number): void {
    const { points } = this;
    let sum = 0;
    let sumX = 0;
    let sumY = 0;
    for (let at = 0; at < points.length; at += FLOATS) {
      const awayX = points[at] - x;
      const awayY = points[at + 1] - y;
      const q = awayX * awayX + awayY * awayY + soft;
      const weight = 1 / (q * q);
      sum += weight;
      sumX += weight * points[at + 2];
      sumY += weight * points[at + 3];
    }
    this.sum += sum;
    this.sumX += sumX;
    this.sumY += sumY;
  }

  private addBoxes(x: number, y: number, soft: number): void {
    const { boxes } = this;
    for (let at = 0; at < boxes.length; at += 2 * FLOATS) {
      const middle = at + FLOATS;
      // From the middle of the box to its point that is nearest.
      const alongX = clamp(x - boxes[middle], boxes[at]);
      const alongY = clamp(y - boxes[middle + 1], boxes[at + 1]);
      const awayX = boxes[middle] + alongX - x;
      const awayY = boxes[middle + 1] + alongY - y;
      const q = awayX * awayX + awayY * awayY + soft;
      const weight = 1 / (q * q);
      this.sum += weight;
      this.sumX += weight * (boxes[middle + 2] - alongX);
      this.sumY += weight * (boxes[middle + 3] - alongY);
    }
  }
}

const isOpen = (scene: Scene, item: number) => scene.kind[item] === Kind.expandedGroup;
const clamp = (value: number, most: number) => Math.min(Math.max(value, -most), most);

/** Adds a middle, and the way from there to the middle of its twin. */
function addOffset(rows: number[], x: number, y: number, to: Scene, twin: number): void {
  const at = 4 * twin;
  const twinX = to.rect[at] + to.rect[at + 2] / 2;
  rows.push(x, y, twinX - x, to.rect[at + 1] + to.rect[at + 3] / 2 - y);
}

/** Without twins: the same share of either drawing. */
export function share(point: Point, from: Scene, to: Scene): void {
  point.x *= to.size[0] / Math.max(from.size[0], 1);
  point.y *= to.size[1] / Math.max(from.size[1], 1);
}
