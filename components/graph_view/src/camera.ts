// Where the reader looks. World units are the layout's, view units CSS px, both y down.
// Pure arithmetic: no page, no WebGL.
import type { Rect } from "./scene";

/** World point in the centre of the view, and CSS px a world unit. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

export interface ViewSize {
  width: number;
  height: number;
}

export const MAX_ZOOM = 6;
const MIN_ZOOM = 1e-5;
const READABLE_ZOOM = 1.25; // zooming to a single node stops here
const FIT_MARGIN_PX = 36;

export function toView(camera: Camera, size: ViewSize, x: number, y: number): [number, number] {
  return [
    (x - camera.x) * camera.zoom + size.width / 2,
    (y - camera.y) * camera.zoom + size.height / 2,
  ];
}

export function toWorld(camera: Camera, size: ViewSize, x: number, y: number): [number, number] {
  return [
    (x - size.width / 2) / camera.zoom + camera.x,
    (y - size.height / 2) / camera.zoom + camera.y,
  ];
}

/** The world that is seen, enlarged on each side by `margin` of its length. */
export function worldView(camera: Camera, size: ViewSize, margin = 0): Rect {
  const width = (size.width / camera.zoom) * (1 + 2 * margin);
  const height = (size.height / camera.zoom) * (1 + 2 * margin);
  return { x: camera.x - width / 2, y: camera.y - height / 2, width, height };
}

/** The camera that shows all of `rect`, at most at `maxZoom`. */
export function cameraFor(rect: Rect, size: ViewSize, maxZoom = READABLE_ZOOM): Camera {
  const free = (side: number) => Math.max(side - 2 * FIT_MARGIN_PX, side / 2, 1);
  const zoom = Math.min(
    free(size.width) / Math.max(rect.width, 1e-3),
    free(size.height) / Math.max(rect.height, 1e-3),
    maxZoom,
  );
  const centre = { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
  return { ...centre, zoom: clampZoom(zoom) };
}

export function clampZoom(zoom: number, least = MIN_ZOOM): number {
  return Math.min(Math.max(zoom, least), MAX_ZOOM);
}

/** The zoom at `share` 0..1 of an even way from one zoom to another. */
export const zoomBetween = (from: number, to: number, share: number): number =>
  from * (to / from) ** share;

/** Zooms by `factor` and keeps the world under view point (x, y) where it is. */
export function zoomedAt(
  camera: Camera,
  size: ViewSize,
  x: number,
  y: number,
  factor: number,
  least: number,
): Camera {
  const [worldX, worldY] = toWorld(camera, size, x, y);
  const zoom = clampZoom(camera.zoom * factor, Math.min(least, camera.zoom));
  return {
    x: worldX - (x - size.width / 2) / zoom,
    y: worldY - (y - size.height / 2) / zoom,
    zoom,
  };
}

/**
 * The way between two cameras, for s in 0..1, and a sensible duration in ms: the path that
 * looks steady, after van Wijk and Nuij, "Smooth and efficient zooming and panning", 2003.
 */
export function flight(from: Camera, to: Camera, size: ViewSize) {
  const RHO = 1.3;
  const w0 = size.width / from.zoom;
  const w1 = size.width / to.zoom;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const distance = Math.hypot(dx, dy);
  const isZoomOnly = distance < 1e-6 * Math.max(w0, w1);
  const b = (sign: number, w: number) =>
    (w1 * w1 - w0 * w0 + sign * RHO ** 4 * distance ** 2) / (2 * w * RHO ** 2 * distance);
  const r = (value: number) => Math.log(Math.sqrt(value * value + 1) - value);
  const r0 = isZoomOnly ? 0 : r(b(1, w0));
  const length = isZoomOnly ? Math.abs(Math.log(w1 / w0)) / RHO : (r(b(-1, w1)) - r0) / RHO;

  const at = (s: number): Camera => {
    if (s >= 1) return to;
    if (isZoomOnly) return { x: to.x, y: to.y, zoom: zoomBetween(from.zoom, to.zoom, s) };
    const angle = RHO * s * length + r0;
    const share = (w0 * (Math.cosh(r0) * Math.tanh(angle) - Math.sinh(r0))) / (RHO ** 2 * distance);
    const width = (w0 * Math.cosh(r0)) / Math.cosh(angle);
    return { x: from.x + share * dx, y: from.y + share * dy, zoom: size.width / width };
  };
  return { at, durationMs: Math.min(180 + 220 * length, 900) };
}
