// Where an arrow key leads: along edges, else to the neighbour that lies that way.
// Pure functions of a scene.
import type { Picking } from "../picking";
import { Kind, NO_ITEM, type Scene } from "../scene";

export type Way = "forward" | "back" | "left" | "right";

/** Where to begin: the item nearest to a world point. */
export function nearestItem(scene: Scene, x: number, y: number): number {
  let best = Infinity;
  let found = NO_ITEM;
  for (let item = 0; item < scene.nItems; item++) {
    if (scene.kind[item] === Kind.expandedGroup) continue;
    const distance = Math.hypot(...fromCentre(scene, item, x, y));
    if (distance < best) [best, found] = [distance, item];
  }
  return found;
}

/** The way of an arrow key in a drawing whose edges point `direction`. */
export function wayOf(key: string, direction: "down" | "right"): Way | null {
  const ways: Record<string, [Way, Way]> = {
    ArrowDown: ["forward", "right"],
    ArrowUp: ["back", "left"],
    ArrowLeft: ["left", "back"],
    ArrowRight: ["right", "forward"],
  };
  return ways[key]?.[direction === "down" ? 0 : 1] ?? null;
}

/** The item that lies one step `way` from `item`; `item` itself where there is none. */
export function step(
  scene: Scene,
  picking: Picking,
  item: number,
  way: Way,
  direction: "down" | "right",
): number {
  const isOpen = scene.kind[item] === Kind.expandedGroup;
  if (way === "forward") return isOpen ? firstInside(scene, item) : alongEdge(scene, item, 1);
  if (way === "back") {
    const before = isOpen ? item : alongEdge(scene, item, 0);
    return before === item && scene.parent[item] !== NO_ITEM ? scene.parent[item] : before;
  }
  return beside(scene, picking, item, way === "right" ? 1 : -1, direction === "down" ? 0 : 1);
}

function firstInside(scene: Scene, group: number): number {
  const x = scene.rect[4 * group] + scene.rect[4 * group + 2] / 2;
  let found = group;
  let best = Infinity;
  for (let item = group + 1; item < scene.end[group]; item++) {
    if (scene.parent[item] !== group) continue;
    const [dx] = fromCentre(scene, item, x, 0);
    const distance = scene.rect[4 * item + 1] * 4 + Math.abs(dx);
    if (distance < best) [best, found] = [distance, item];
  }
  return found;
}

/** The nearest item at the other end (0: source, 1: target) of an edge. */
function alongEdge(scene: Scene, item: number, end: 0 | 1): number {
  const edges = end ? scene.outEdgesOf(item) : scene.inEdgesOf(item);
  const [x, y] = centre(scene, item);
  let found = item;
  let best = Infinity;
  for (const edge of edges) {
    const other = scene.edgeEnds[2 * edge + end];
    if (other === item) continue;
    const distance = Math.hypot(...fromCentre(scene, other, x, y));
    // Constants are rarely where a reader wants to go.
    const cost = distance + (scene.kind[other] === Kind.constant ? 1e7 : 0);
    if (cost < best) [best, found] = [cost, other];
  }
  return found;
}

/** The nearest item of the same band, along `axis` (0: x, 1: y) to the side of `sign`. */
function beside(scene: Scene, picking: Picking, item: number, sign: number, axis: 0 | 1): number {
  const rect = scene.rectOf(item);
  const reach = 4000;
  const band =
    axis === 0
      ? { ...rect, x: rect.x - reach, width: rect.width + 2 * reach }
      : { ...rect, y: rect.y - reach, height: rect.height + 2 * reach };
  const [x, y] = centre(scene, item);
  let found = item;
  let best = Infinity;
  for (const other of picking.leavesIn(band)) {
    const away = fromCentre(scene, other, x, y);
    const ahead = away[axis] * sign;
    const cost = ahead + 3 * Math.abs(away[1 - axis]);
    if (ahead > 1 && cost < best) [best, found] = [cost, other];
  }
  return found;
}

function centre(scene: Scene, item: number): [number, number] {
  const { x, y, width, height } = scene.rectOf(item);
  return [x + width / 2, y + height / 2];
}

function fromCentre(scene: Scene, item: number, x: number, y: number): [number, number] {
  const [cx, cy] = centre(scene, item);
  return [cx - x, cy - y];
}
