// Who moves the camera of a view: the reader, Python, an animation, the drawing's own home when
// nobody has moved it yet, or another view that this one follows. Knows no WebGL and no page.
import { type Tween, wantsLessMotion } from "./animation";
import {
  type Camera,
  cameraFor,
  flight,
  type ViewSize,
  worldView,
  zoomBetween,
  zoomedAt,
} from "./camera";
import { openingCamera } from "./opening";
import type { Rect, Scene } from "./scene";

const REST_MS = 300;
const CATCH_UP_MS = 280;
const LEAST_ZOOM_SHARE = 0.5; // of the zoom that fits
const NEARLY_PX = 1;

/** What joins a view with others; see sync.ts. */
export interface Guide {
  /** Whether another view leads. */
  readonly isFollowing: boolean;
  /** The reader or Python moves this view: the others follow it from now on. */
  lead(): void;
  /** The camera of this view has changed. */
  moved(): void;
  /** Where to look, if that has changed or `isAsked`; always the same object. */
  aim(isAsked: boolean): Readonly<Camera> | null;
}

/** What is steered. */
export interface Steered {
  readonly size: ViewSize;
  readonly scene: Scene | null;
  invalidate(): void;
}

export class Steering {
  camera: Camera = { x: 0, y: 0, zoom: 1 };
  guide: Guide | null = null;
  /** What is followed is elsewhere at once: the view comes after it, and does not jump. */
  isBehind = false;
  private tween: Tween | null = null;
  /** Where the camera rests while the reader has not moved it: again after a change of size. */
  private home: (() => Camera) | null = () => this.openingCamera();
  /** Where a view was that is on its way to the place that it should follow. */
  private late: (Camera & { startMs: number }) | null = null;
  private restTimer = 0;

  constructor(
    private readonly view: Steered,
    private readonly rested: (camera: Camera) => void,
  ) {}

  dispose(): void {
    clearTimeout(this.restTimer);
  }

  get isMoving(): boolean {
    return this.tween !== null || this.late !== null;
  }

  // --- asked for by the reader or by Python ------------------------------------------------

  pan(dxPx: number, dyPx: number): void {
    this.guide?.lead();
    const { x, y, zoom } = this.camera;
    this.jump({ x: x - dxPx / zoom, y: y - dyPx / zoom, zoom });
  }

  zoomAt(x: number, y: number, factor: number): void {
    this.guide?.lead();
    const least = this.fitCamera().zoom * LEAST_ZOOM_SHARE;
    this.jump(zoomedAt(this.camera, this.view.size, x, y, factor, least));
  }

  fit(animate: boolean): void {
    this.guide?.lead();
    this.goHome(() => this.fitCamera(), animate);
  }

  fly(to: Camera, animate: boolean): void {
    this.guide?.lead();
    this.go(to, animate);
  }

  /** Shows `rect`; zooms in no further than is comfortable, and out only if it must. */
  show(rect: Rect, animate: boolean): void {
    this.fly(cameraFor(rect, this.view.size), animate);
  }

  /** Moves as little as it takes to have `rect` in sight. */
  reveal(rect: Rect): void {
    const margin = 40 / this.camera.zoom;
    const seen = worldView(this.camera, this.view.size);
    const push = (low: number, high: number, from: number, to: number) =>
      low - margin < from ? low - margin - from : high + margin > to ? high + margin - to : 0;
    const dx = push(rect.x, rect.x + rect.width, seen.x, seen.x + seen.width);
    const dy = push(rect.y, rect.y + rect.height, seen.y, seen.y + seen.height);
    if (dx || dy) this.fly({ ...this.camera, x: this.camera.x + dx, y: this.camera.y + dy }, true);
  }

  // --- by itself ---------------------------------------------------------------------------

  /** Another graph is shown. */
  open(): void {
    this.goHome(() => this.openingCamera(), false);
  }

  /** The drawing has changed so much that it is shown anew as a whole. */
  showWhole(): void {
    if (!this.guide?.isFollowing) this.goHome(() => this.fitCamera(), true);
  }

  /** The view has another size. */
  resized(): void {
    if (this.home) this.goHome(this.home, false);
  }

  /** Moves with a drawing that has moved by (dx, dy) world units: nothing is seen of it. */
  carry(dx: number, dy: number): void {
    this.camera = { ...this.camera, x: this.camera.x + dx, y: this.camera.y + dy };
  }

  put(camera: Camera): void {
    this.jump(camera);
  }

  // --- in a frame --------------------------------------------------------------------------

  move(now: number): void {
    const { tween } = this;
    if (!tween) return;
    const t = Math.min(1, Math.max(0, (now - tween.startMs) / tween.durationMs));
    if (t >= 1) this.tween = null;
    tween.step(t);
  }

  follow(now: number): void {
    const aim = this.guide?.aim(this.late !== null);
    if (!aim) {
      this.late = null;
      return;
    }
    if (this.isBehind) this.late = this.isNearly(aim) ? null : { ...this.camera, startMs: now };
    this.isBehind = false;
    const { late } = this;
    const t = late ? (now - late.startMs) / CATCH_UP_MS : 1;
    if (t >= 1) this.late = null;
    this.tween = null;
    this.home = null;
    this.look(late && t < 1 ? between(late, aim, t) : { x: aim.x, y: aim.y, zoom: aim.zoom });
  }

  /** Ends all movement. */
  finish(): void {
    this.tween?.step(1);
    const aim = this.guide?.aim(this.late !== null);
    this.tween = this.late = null;
    this.isBehind = false;
    if (aim) this.look({ x: aim.x, y: aim.y, zoom: aim.zoom });
  }

  // --- how ---------------------------------------------------------------------------------

  fitCamera(): Camera {
    const [width, height] = this.view.scene?.size ?? [1, 1];
    return cameraFor({ x: 0, y: 0, width, height }, this.view.size);
  }

  private openingCamera(): Camera {
    const { scene, size } = this.view;
    return scene ? openingCamera(scene, size, this.fitCamera()) : this.camera;
  }

  private goHome(home: () => Camera, animate: boolean): void {
    this.go(home(), animate);
    this.home = home;
  }

  private go(to: Camera, animate: boolean): void {
    this.home = null;
    const { size } = this.view;
    if (!animate || wantsLessMotion() || size.width === 0) return this.jump(to);
    this.late = null;
    const { at, durationMs } = flight(this.camera, to, size);
    const step = (t: number) => this.look(at(t * t * (3 - 2 * t)));
    this.tween = { startMs: performance.now(), durationMs, step };
    this.view.invalidate();
  }

  private jump(camera: Camera): void {
    this.tween = this.home = this.late = null;
    this.look(camera);
  }

  private look(camera: Camera): void {
    this.camera = camera;
    clearTimeout(this.restTimer);
    this.restTimer = window.setTimeout(() => this.rested(this.camera), REST_MS);
    this.view.invalidate();
    this.guide?.moved();
  }

  /** Whether the way to `aim` is too short to be seen, or nobody would see it. */
  private isNearly({ x, y, zoom }: Readonly<Camera>): boolean {
    const { camera, view } = this;
    const awayPx = Math.hypot(x - camera.x, y - camera.y) * zoom;
    const isNear = awayPx < NEARLY_PX && Math.abs(zoom / camera.zoom - 1) < 1e-3;
    return isNear || view.size.width === 0 || wantsLessMotion();
  }
}

function between(from: Camera, to: Readonly<Camera>, t: number): Camera {
  const share = t * t * (3 - 2 * t);
  return {
    x: from.x + (to.x - from.x) * share,
    y: from.y + (to.y - from.y) * share,
    zoom: zoomBetween(from.zoom, to.zoom, share),
  };
}
