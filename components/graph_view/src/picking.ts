// What is under a point or in a rectangle of the world. Flatbush indexes; no page, no WebGL.
import Flatbush from "flatbush";
import { HAS_SUBGRAPH, Kind, NO_ITEM, type Rect, type Scene } from "./scene";

export type Part = "body" | "handle" | "header" | "subgraph";

export interface Hit {
  item: number;
  part: Part;
}

const HEADER = 26; // world; also in gl/common.glsl
const HANDLE_REACH = 10;
const BADGE_REACH = 9;
const LEAST_HANDLE_ZOOM = 0.34;
const LEAST_HEADER_PX = 16;
const CURVE_STEPS = 24;

export class Picking {
  private readonly leaves: Index;
  private readonly groups: Index;
  private segments: Flatbush | null = null;

  constructor(private readonly scene: Scene) {
    const isGroup = (item: number) => scene.kind[item] === Kind.expandedGroup;
    this.leaves = new Index(scene, (item) => !isGroup(item));
    this.groups = new Index(scene, isGroup);
  }

  /** Nodes and collapsed groups that touch `rect`. */
  leavesIn(rect: Rect): number[] {
    return this.leaves.search(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height);
  }

  /** The topmost item at a world point, and which part of it. */
  at(x: number, y: number, zoom: number): Hit | null {
    const badge = this.badgeAt(x, y, zoom);
    if (badge !== NO_ITEM) return { item: badge, part: "subgraph" };
    const slack = Math.max(0, 2 / zoom - 1); // far away a node is a speck
    const leaf = this.leaves.search(x - slack, y - slack, x + slack, y + slack);
    if (leaf.length)
      return this.part(
        leaf.reduce((a, b) => Math.max(a, b)),
        x,
        y,
        zoom,
      );
    let deepest = NO_ITEM;
    for (const item of this.groups.search(x, y, x, y)) deepest = Math.max(deepest, item);
    return deepest === NO_ITEM ? null : this.part(deepest, x, y, zoom);
  }

  /** The edge within `reach` world units of a point, or -1. */
  edgeAt(x: number, y: number, reach: number): number {
    if (this.scene.nSegments === 0) return -1;
    this.segments ??= segmentIndex(this.scene);
    let best = reach;
    let found = -1;
    for (const segment of this.segments.search(x - reach, y - reach, x + reach, y + reach)) {
      const distance = curveDistance(this.scene.segmentPoints, 8 * segment, x, y);
      if (distance <= best) {
        best = distance;
        found = this.scene.edgeOfSegment(segment);
      }
    }
    return found;
  }

  /** The node whose subgraph badge, which overhangs its lower right corner, is at a point. */
  private badgeAt(x: number, y: number, zoom: number): number {
    if (zoom < LEAST_HANDLE_ZOOM) return NO_ITEM;
    const { scene } = this;
    const near = this.leaves.search(
      x - BADGE_REACH,
      y - BADGE_REACH,
      x + BADGE_REACH,
      y + BADGE_REACH,
    );
    const isOn = (item: number) => {
      const rect = scene.rectOf(item);
      const [dx, dy] = [rect.x + rect.width - 3 - x, rect.y + rect.height - 2 - y];
      return scene.flags[item] & HAS_SUBGRAPH && Math.hypot(dx, dy) <= BADGE_REACH;
    };
    return near.find(isOn) ?? NO_ITEM;
  }

  private part(item: number, x: number, y: number, zoom: number): Hit {
    const { scene } = this;
    const rect = scene.rectOf(item);
    const kind = scene.kind[item];
    const inX = x - rect.x;
    const inY = y - rect.y;
    const isClose = zoom >= LEAST_HANDLE_ZOOM;
    const handleY = kind === Kind.expandedGroup ? HEADER / 2 : rect.height / 2;
    if (scene.isGroup(item) && isClose) {
      const isOn = Math.abs(inX - 14) <= HANDLE_REACH && Math.abs(inY - handleY) <= HANDLE_REACH;
      if (isOn) return { item, part: "handle" };
    }
    if (kind === Kind.expandedGroup) {
      const header = Math.max(HEADER, Math.min(LEAST_HEADER_PX / zoom, rect.height / 3));
      return { item, part: inY <= header ? "header" : "body" };
    }
    return { item, part: "body" };
  }
}

/** Boxes of some of the items. */
class Index {
  private readonly items: Uint32Array;
  private readonly tree: Flatbush | null;

  constructor(scene: Scene, isWanted: (item: number) => boolean) {
    const items: number[] = [];
    for (let item = 0; item < scene.nItems; item++) if (isWanted(item)) items.push(item);
    this.items = Uint32Array.from(items);
    this.tree = items.length ? new Flatbush(items.length, 16, Float32Array) : null;
    for (const item of items) {
      const [x, y, width, height] = scene.rect.subarray(4 * item, 4 * item + 4);
      this.tree?.add(x, y, x + width, y + height);
    }
    this.tree?.finish();
  }

  search(x0: number, y0: number, x1: number, y1: number): number[] {
    const found = this.tree?.search(x0, y0, x1, y1) ?? [];
    for (let i = 0; i < found.length; i++) found[i] = this.items[found[i]];
    return found;
  }
}

function segmentIndex(scene: Scene): Flatbush {
  const tree = new Flatbush(scene.nSegments, 16, Float32Array);
  const p = scene.segmentPoints;
  for (let at = 0; at < p.length; at += 8) {
    tree.add(
      Math.min(p[at], p[at + 2], p[at + 4], p[at + 6]),
      Math.min(p[at + 1], p[at + 3], p[at + 5], p[at + 7]),
      Math.max(p[at], p[at + 2], p[at + 4], p[at + 6]),
      Math.max(p[at + 1], p[at + 3], p[at + 5], p[at + 7]),
    );
  }
  tree.finish();
  return tree;
}

function curveDistance(p: Float32Array, at: number, x: number, y: number): number {
  let best = Number.POSITIVE_INFINITY;
  let [x0, y0] = [p[at], p[at + 1]];
  for (let step = 1; step <= CURVE_STEPS; step++) {
    const t = step / CURVE_STEPS;
    const x1 = bezier(p[at], p[at + 2], p[at + 4], p[at + 6], t);
    const y1 = bezier(p[at + 1], p[at + 3], p[at + 5], p[at + 7], t);
    best = Math.min(best, lineDistance(x, y, x0, y0, x1, y1));
    [x0, y0] = [x1, y1];
  }
  return best;
}

function bezier(a: number, b: number, c: number, d: number, t: number): number {
  const u = 1 - t;
  return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
}

function lineDistance(
  x: number,
  y: number,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length2 = dx * dx + dy * dy;
  const along = length2 ? ((x - x0) * dx + (y - y0) * dy) / length2 : 0;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}
