// The drawing surface: scene, WebGL and what is drawn in a frame. Draws on demand only. Knows what
// is seen and hovered; what the reader means by it is interaction/reader.ts's affair, and where
// the camera goes steering.ts's.
import {
  anchorShift,
  easeOut,
  isInSight,
  isSamePlace,
  MOVE_MS,
  oldPlaces,
  shift,
  shownRects,
  type Tween,
  wantsLessMotion,
} from "./animation";
import { type Camera, toView, type ViewSize } from "./camera";
import { emphasisOf, selectedItems, touchedItems } from "./emphasis";
import { type Drawn, FrameClock, onPage } from "./frame_clock";
import { LabelPlan } from "./labels/plan";
import { Picking } from "./picking";
import { Renderer } from "./renderer";
import { NO_ITEM, type Rect, type Scene } from "./scene";
import { Stats } from "./stats";
import { Steering } from "./steering";
import { DARK, LIGHT } from "./theme";

const WARM_EVERY_MS = 12;
const ZOOMED_IN = 1.4; // times the zoom that fits: the reader looks at a part

export interface ViewEvents {
  drawn(): void;
  cameraRested(camera: Camera): void;
}

export class View implements Drawn {
  readonly steer: Steering;
  size: ViewSize = { width: 0, height: 0 };
  scene: Scene | null = null;
  picking: Picking | null = null;
  hovered = NO_ITEM;
  hoveredEdge = -1;
  focused = NO_ITEM;
  hasFocus = false;
  readonly stats = new Stats();
  private renderer: Renderer | null = null;
  private plan: LabelPlan | null = null;
  private from: Float32Array = new Float32Array(0);
  private progress = 1;
  private sceneTween: Tween | null = null;
  private selected: number[] = [];
  private isDark = false;
  private readonly clock = onPage("clock", () => new FrameClock());
  private spentMs = 0; // in this frame so far
  private pixelRatio = 1;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly events: ViewEvents,
  ) {
    this.steer = new Steering(this, (camera) => events.cameraRested(camera));
  }

  /** Takes a fresh context, first or after a loss, and draws everything anew. */
  attach(gl: WebGL2RenderingContext): void {
    this.renderer = new Renderer(gl);
    this.plan = new LabelPlan(this.renderer.atlas);
    this.renderer.setTheme(this.isDark ? DARK : LIGHT);
    if (this.scene) this.renderer.setScene(this.scene, this.from);
    this.renewEmphasis();
    this.invalidate();
    this.warmUp(this.renderer);
  }

  /** The context is gone, and with it all that it held. */
  detach(): void {
    this.renderer = this.plan = null;
    this.clock.forget(this);
  }

  dispose(): void {
    this.steer.dispose();
    this.renderer?.dispose();
    this.detach();
  }

  get camera(): Camera {
    return this.steer.camera;
  }

  get isDrawable(): boolean {
    return this.renderer !== null && this.size.width > 0 && this.size.height > 0;
  }

  get isMoving(): boolean {
    return this.sceneTween !== null || this.steer.isMoving;
  }

  /** The view has another size, in CSS px, or another number of device px a CSS px. */
  resize(size: ViewSize, pixelRatio: number): void {
    this.size = size;
    this.pixelRatio = pixelRatio;
    const side = (length: number) => Math.max(1, Math.round(length * pixelRatio));
    if (this.canvas.width !== side(size.width)) this.canvas.width = side(size.width);
    if (this.canvas.height !== side(size.height)) this.canvas.height = side(size.height);
    if (this.scene && size.width > 0) this.steer.resized();
    this.plan?.forget(false);
    if (this.isDrawable) this.flush(); // a canvas that was resized is empty until it is drawn
  }

  setDark(isDark: boolean): void {
    this.isDark = isDark;
    this.renderer?.setTheme(isDark ? DARK : LIGHT);
    this.invalidate();
  }

  setScene(next: Scene): void {
    const previous = this.scene;
    const focusedKey = previous && this.focused !== NO_ITEM ? previous.key[this.focused] : -1;
    const isSameGraph = previous !== null && previous.graphKey === next.graphKey;
    const shown = previous ? shownRects(this.from, previous.rect, this.progress) : next.rect;
    this.from = next.rect;
    this.progress = 1;
    this.sceneTween = null;
    const move = isSameGraph ? this.moveFrom(previous, next, shown) : () => this.steer.open();
    this.scene = next;
    this.picking = new Picking(next);
    this.hovered = this.hoveredEdge = NO_ITEM;
    this.focused = isSameGraph ? next.item(focusedKey) : NO_ITEM;
    this.renderer?.setScene(next, this.from);
    this.plan?.forget(true);
    move();
    this.stateChanged();
  }

  colorsChanged(): void {
    if (this.scene) this.renderer?.setColors(this.scene);
    this.plan?.forget(false);
    this.invalidate();
  }

  stateChanged(): void {
    if (!this.scene) return;
    this.selected = selectedItems(this.scene);
    this.renderer?.setState(this.scene);
    this.renewEmphasis();
    this.invalidate();
  }

  setHover(item: number, edge: number): void {
    if (item === this.hovered && edge === this.hoveredEdge) return;
    this.hovered = item;
    this.hoveredEdge = edge;
    this.renewEmphasis();
    this.invalidate();
  }

  // --- places ------------------------------------------------------------------------------

  /** The union of the boxes of `items`. */
  boundsOf(items: number[]): Rect | null {
    if (!this.scene || items.length === 0) return null;
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const item of items) {
      const { x, y, width, height } = this.scene.rectOf(item);
      [x0, y0] = [Math.min(x0, x), Math.min(y0, y)];
      [x1, y1] = [Math.max(x1, x + width), Math.max(y1, y + height)];
    }
    return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  }

  selectionBounds(): Rect | null {
    return this.scene ? this.boundsOf(touchedItems(this.scene)) : null;
  }

  /** An item's box in CSS px of the view. */
  viewRect(item: number): Rect | null {
    if (!this.scene || item === NO_ITEM) return null;
    const { x, y, width, height } = this.scene.rectOf(item);
    const [left, top] = toView(this.camera, this.size, x, y);
    const { zoom } = this.camera;
    return { x: left, y: top, width: width * zoom, height: height * zoom };
  }

  // --- drawing -----------------------------------------------------------------------------

  invalidate(): void {
    if (this.renderer) this.clock.ask(this);
  }

  /** Ends all movement and draws now. */
  flush(): void {
    this.sceneTween?.step(1);
    this.sceneTween = null;
    this.steer.finish();
    this.clock.forget(this);
    if (!this.isDrawable) return;
    for (let tries = 0; tries < 50 && !this.planLabels(true); tries++);
    this.paint();
  }

  /** The view as a picture of `scale` device px a CSS px, without what lies over the canvas. */
  picture(scale: number): HTMLCanvasElement {
    const { size, pixelRatio, canvas } = this;
    const marks = [this.hovered, this.focused];
    this.hovered = this.focused = NO_ITEM;
    this.resize(size, scale);
    const copy = document.createElement("canvas");
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext("2d")?.drawImage(canvas, 0, 0);
    [this.hovered, this.focused] = marks;
    this.resize(size, pixelRatio);
    return copy;
  }

  /** Draws the way from the old scene to the new at `progress`; for tests. */
  drawAt(progress: number): void {
    this.flush();
    this.progress = progress;
    this.paint();
    this.progress = 1;
  }

  move(now: number): void {
    if (!this.isDrawable) return;
    const start = performance.now();
    this.moveItems(now);
    this.steer.move(now);
    this.spentMs += performance.now() - start;
  }

  follow(now: number): void {
    const start = performance.now();
    this.steer.follow(now);
    this.spentMs += performance.now() - start;
  }

  draw(): void {
    if (!this.isDrawable) return;
    const start = performance.now();
    const isWhole = this.planLabels(false);
    this.paint();
    this.stats.add(this.spentMs + performance.now() - start);
    this.spentMs = 0;
    if (this.isMoving || !isWhole) this.invalidate();
  }

  /** Paints common letters while nothing else is to do, so that no frame has to wait for them. */
  private warmUp(renderer: Renderer): void {
    window.setTimeout(() => {
      if (this.renderer === renderer && renderer.atlas.warm()) this.warmUp(renderer);
    }, WARM_EVERY_MS);
  }

  private moveItems(now: number): void {
    const tween = this.sceneTween;
    if (!tween) return;
    const t = Math.min(1, Math.max(0, (now - tween.startMs) / tween.durationMs));
    if (t >= 1) this.sceneTween = null;
    tween.step(t);
  }

  /** Lays labels out where that is needed; false while some are missing. */
  private planLabels(isUrgent: boolean): boolean {
    const { plan, scene, picking } = this;
    if (!plan || !scene || !picking) return true;
    if (plan.holds(this.camera, this.size)) return true;
    const isTurn = this.clock.takeTurn();
    const mayWait = !isUrgent && plan.nearlyHolds(this.camera, this.size);
    if (mayWait && !isTurn) return false;
    const isWhole = plan.make(scene, picking, this.camera, this.size);
    this.renderer?.setLabels(plan.records, plan.nGlyphs);
    this.stats.nLabels = plan.nLabels;
    return isWhole;
  }

  private paint(): void {
    if (!this.renderer) return;
    this.renderer.draw({
      camera: this.camera,
      size: this.size,
      devicePixelRatio: this.pixelRatio,
      progress: this.progress,
      hovered: this.hovered,
      focused: this.focused,
      hasFocus: this.hasFocus,
    });
    if (!this.scene) return;
    this.stats.draws++;
    this.stats.drawCalls = this.renderer.drawCalls;
    this.events.drawn();
  }

  private renewEmphasis(): void {
    const { scene, renderer, selected } = this;
    if (!scene || !renderer) return;
    const edges = emphasisOf(scene, selected, this.hovered, this.hoveredEdge);
    renderer.setEmphasis(scene, edges, selected.length > 0);
  }

  /**
   * Prepares the way from one drawing of a graph to another: what the reader holds on to keeps
   * its place on the screen, everything else moves around it. Returns what to do afterwards.
   */
  private moveFrom(previous: Scene, next: Scene, shown: Float32Array): () => void {
    if (isSamePlace(next, previous)) return () => {};
    const isPart = this.camera.zoom > ZOOMED_IN * this.steer.fitCamera().zoom;
    const moved = anchorShift(next, previous, shown, this.camera);
    const keepsPlace = next.anchorKey >= 0 || isPart;
    if (!moved) return () => this.steer.showWhole();
    this.from = oldPlaces(next, previous, shown);
    shift(this.from, ...moved);
    this.steer.carry(...moved);
    return () => {
      this.startMoving();
      if (!keepsPlace || !isInSight(next, this.camera, this.size)) this.steer.showWhole();
    };
  }

  private startMoving(): void {
    if (wantsLessMotion()) return;
    this.progress = 0;
    const step = (t: number) => {
      this.progress = easeOut(t);
    };
    this.sceneTween = { startMs: performance.now(), durationMs: MOVE_MS, step };
    this.invalidate();
  }
}
