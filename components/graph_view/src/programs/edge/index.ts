// Edges: cubic Béziers. Table: four texels a segment (see vertex.glsl), unit u_segment. The
// emphasised ones are drawn again from a list of segments, each with a role in its top two bits.
import type { Sources } from "../../gl/program";
import type { Scene } from "../../scene";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const edge: Sources = { name: "edge", vertex, fragment };
export const TEXELS_A_SEGMENT = 4;
export const Role = { input: 1, output: 2, hover: 3 } as const;
export type Role = (typeof Role)[keyof typeof Role];
const LEAST_HALF_WIDTH = 0.6; // CSS px

export function packSegments(scene: Scene): Float32Array {
  const out = new Float32Array(4 * TEXELS_A_SEGMENT * scene.nSegments);
  for (let segment = 0; segment < scene.nSegments; segment++) {
    const at = 4 * TEXELS_A_SEGMENT * segment;
    const of = scene.edgeOfSegment(segment);
    out.set(scene.segmentPoints.subarray(8 * segment, 8 * segment + 8), at);
    out[at + 8] = scene.edgeEnds[2 * of];
    out[at + 9] = scene.edgeEnds[2 * of + 1];
    out[at + 10] = of;
    out[at + 11] = halfWidth(scene.edgeCount[of]);
    out[at + 12] = scene.edgeFlags[of];
    out[at + 13] = scene.isLastSegment(segment) ? 1 : 0;
  }
  return out;
}

/** An edge that stands for many is wider, up to four times. */
function halfWidth(count: number): number {
  return LEAST_HALF_WIDTH * Math.min(1 + 0.4 * Math.log2(Math.max(count, 1)), 4);
}

/** List entries for all segments of `edges`. */
export function packEmphasis(scene: Scene, edges: Map<number, Role>): Uint32Array {
  const rows: number[] = [];
  for (const [each, role] of edges) {
    for (const segment of scene.segmentsOf(each)) rows.push(segment + role * 0x40000000);
  }
  return Uint32Array.from(rows);
}
