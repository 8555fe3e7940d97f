// Where the camera is when a graph is shown for the first time. Pure arithmetic.
import type { Camera, ViewSize } from "./camera";
import { Kind, type Scene } from "./scene";

const LEGIBLE_ZOOM = 0.72; // labels can be read
const MARGIN_PX = 64; // clear of the toolbar

/** All of a drawing that is legible as a whole, else the place where it begins. */
export function openingCamera(scene: Scene, size: ViewSize, fitting: Camera): Camera {
  if (fitting.zoom >= LEGIBLE_ZOOM || scene.nItems === 0) return fitting;
  const input = scene.kind.indexOf(Kind.input);
  const first = input < 0 ? scene.kind.findIndex((kind) => kind !== Kind.expandedGroup) : input;
  const [x, y, width, height] = scene.rect.subarray(4 * first, 4 * first + 4);
  return {
    x: along(size.width, scene.size[0], x + width / 2),
    y: along(size.height, scene.size[1], y + height / 2),
    zoom: LEGIBLE_ZOOM,
  };
}

/** Puts `at` in the middle of a side of the view, without looking far past the drawing's ends. */
function along(sidePx: number, length: number, at: number): number {
  const margin = MARGIN_PX / LEGIBLE_ZOOM;
  const half = sidePx / LEGIBLE_ZOOM / 2;
  if (length + 2 * margin <= 2 * half) return length / 2;
  return Math.min(Math.max(at, half - margin), length - half + margin);
}
