// Which edges stand out: those of the selection and of what the pointer is on. Pure.
import { Role } from "./programs/edge";
import { Kind, NO_ITEM, type Scene } from "./scene";

const WHOLLY = 255;

/** Fully selected nodes and collapsed groups. A group selected in part is marked, not followed. */
export function selectedItems(scene: Scene): number[] {
  const found: number[] = [];
  for (let item = 0; item < scene.nItems; item++) {
    if (scene.selected[item] === WHOLLY && scene.kind[item] !== Kind.expandedGroup)
      found.push(item);
  }
  return found;
}

/** Items of which any part is selected. */
export function touchedItems(scene: Scene): number[] {
  const found: number[] = [];
  for (let item = 0; item < scene.nItems; item++) {
    if (scene.selected[item] > 0 && scene.kind[item] !== Kind.expandedGroup) found.push(item);
  }
  return found;
}

export function emphasisOf(
  scene: Scene,
  selected: number[],
  hovered: number,
  hoveredEdge: number,
): Map<number, Role> {
  const edges = new Map<number, Role>();
  const items = new Set(selected);
  if (hovered !== NO_ITEM && scene.kind[hovered] !== Kind.expandedGroup) items.add(hovered);
  for (const item of items) addEdges(scene, item, edges);
  if (hoveredEdge >= 0) edges.set(hoveredEdge, Role.hover);
  return edges;
}

function addEdges(scene: Scene, item: number, edges: Map<number, Role>): void {
  for (const edge of scene.inEdgesOf(item)) {
    // An edge between two of them is neither input nor output.
    edges.set(edge, edges.has(edge) ? Role.hover : Role.input);
  }
  for (const edge of scene.outEdgesOf(item)) {
    edges.set(edge, edges.has(edge) ? Role.hover : Role.output);
  }
}
