// What tests and benchmarks may ask the canvas: `canvas.__graph`. Nothing in the app uses it.
import { toWorld } from "./camera";
import { Kind, type Rect } from "./scene";
import type { Partner } from "./sync";
import type { View } from "./view";

export interface Hook {
  readonly camera: { x: number; y: number; zoom: number };
  readonly view: Record<string, unknown>;
  /** Its part in a group of views: pairs of items, and whether it is where it should be. */
  readonly group: { isFollowing: boolean; nPairs: number; isThere: boolean };
  readonly stats: {
    frames: number;
    draws: number;
    drawCalls: number;
    nLabels: number;
    jsMs: number[];
  };
  /** Ends all movement, draws now, and leaves the pixels for `readPixels` in the same task. */
  flush(): void;
  /** Draws the last change of scene as it was at 0..1 of its way. */
  drawAt(progress: number): void;
  /** Key of the item at a CSS px position in the view, or null. */
  itemAt(x: number, y: number): number | null;
  edgeAt(x: number, y: number): number | null;
  /** Box of an item in CSS px of the view, or null. */
  rectOf(key: number): Rect | null;
  titleOf(key: number): string | null;
  /** Keys of all items with a title. */
  keysOf(title: string): number[];
  /** Key of the first item that is no expanded group, or null. */
  firstLeaf(): number | null;
  fit(): void;
  setCamera(x: number, y: number, zoom: number): void;
}

export function makeHook(view: View, partner: Partner, isDark: () => boolean): Hook {
  const world = (x: number, y: number) => toWorld(view.camera, view.size, x, y);
  const titleOf = (key: number) => {
    const item = view.scene?.item(key) ?? -1;
    return item < 0 ? null : view.scene!.titleOf(item);
  };
  return {
    get camera() {
      return { ...view.camera };
    },
    get group() {
      const { isFollowing, nPairs } = partner;
      return { isFollowing, nPairs, isThere: !view.isMoving && !view.steer.isBehind };
    },
    get stats() {
      return view.stats;
    },
    get view() {
      return describe(view, isDark());
    },
    flush: () => view.flush(),
    drawAt: (progress) => view.drawAt(progress),
    itemAt(x, y) {
      const hit = view.picking?.at(...world(x, y), view.camera.zoom);
      return hit && view.scene ? view.scene.key[hit.item] : null;
    },
    edgeAt(x, y) {
      const edge = view.picking?.edgeAt(...world(x, y), 5 / view.camera.zoom) ?? -1;
      return edge < 0 ? null : edge;
    },
    rectOf: (key) => view.viewRect(view.scene?.item(key) ?? -1),
    titleOf,
    firstLeaf() {
      const leaf = view.scene?.kind.findIndex((kind) => kind !== Kind.expandedGroup) ?? -1;
      return leaf < 0 ? null : view.scene!.key[leaf];
    },
    keysOf: (title) => Array.from(view.scene?.key ?? []).filter((key) => titleOf(key) === title),
    fit: () => view.steer.fit(false),
    setCamera: (x, y, zoom) => view.steer.fly({ x, y, zoom }, false),
  };
}

function describe(view: View, isDark: boolean): Record<string, unknown> {
  const { scene } = view;
  if (!scene) return { nItems: 0, nEdges: 0, isDark, isMoving: false };
  const keysWhere = (is: (item: number) => boolean) =>
    Array.from(scene.key).filter((_, item) => is(item));
  return {
    nItems: scene.nItems,
    nEdges: scene.nEdges,
    graphKey: scene.graphKey,
    serial: scene.serial,
    selected: keysWhere((item) => scene.selected[item] === 255),
    excluded: keysWhere((item) => scene.excluded[item] > 0),
    expanded: keysWhere((item) => scene.kind[item] === Kind.expandedGroup),
    colored: keysWhere((item) => scene.color[4 * item + 3] > 0).length,
    hovered: view.hovered < 0 ? null : scene.key[view.hovered],
    hoveredEdge: view.hoveredEdge < 0 ? null : view.hoveredEdge,
    focused: view.focused < 0 ? null : scene.key[view.focused],
    isMoving: view.isMoving,
    isDark,
    size: { ...view.size },
  };
}
