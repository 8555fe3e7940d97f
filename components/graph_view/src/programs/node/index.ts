// Nodes and collapsed groups. Table: their items in preorder (uint32, unit u_list).
import type { Sources } from "../../gl/program";
import { Kind, type Scene } from "../../scene";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const node: Sources = { name: "node", vertex, fragment };

export function packNodes(scene: Scene): Uint32Array {
  const items: number[] = [];
  for (let item = 0; item < scene.nItems; item++) {
    if (scene.kind[item] !== Kind.expandedGroup) items.push(item);
  }
  return Uint32Array.from(items);
}
