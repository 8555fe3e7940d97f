// Arrow heads at the targets of edges. Table: list of the segments that end at a target.
import type { Sources } from "../../gl/program";
import type { Scene } from "../../scene";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const arrow: Sources = { name: "arrow", vertex, fragment };

export function packArrows(scene: Scene): Uint32Array {
  const segments: number[] = [];
  for (let segment = 0; segment < scene.nSegments; segment++) {
    if (scene.isLastSegment(segment)) segments.push(segment);
  }
  return Uint32Array.from(segments);
}

/** Those of an emphasis list that carry a head. */
export function packEmphasisArrows(scene: Scene, emphasis: Uint32Array): Uint32Array {
  return emphasis.filter((entry) => scene.isLastSegment(entry & 0x3fffffff));
}
