// Expanded groups: boxes with a title bar, drawn from the outside in.
// Table: the items that are expanded groups, in preorder (uint32, unit u_list).
import type { Sources } from "../../gl/program";
import { Kind, type Scene } from "../../scene";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const group: Sources = { name: "group", vertex, fragment };

export function packGroups(scene: Scene): Uint32Array {
  const items: number[] = [];
  for (let item = 0; item < scene.nItems; item++) {
    if (scene.kind[item] === Kind.expandedGroup) items.push(item);
  }
  return Uint32Array.from(items);
}
