// Mouse, pen, fingers and wheel on the canvas, told to `Handlers` as what they mean.
// Positions are view units: CSS px from the canvas's upper left corner.

export interface Modifiers {
  isAdding: boolean; // shift
  isToggling: boolean; // ctrl or cmd
  isDeep: boolean; // alt or shift: with the whole subtree
}

export interface Handlers {
  isBoxing(): boolean;
  press(): void;
  pan(dx: number, dy: number): void;
  zoom(x: number, y: number, factor: number): void;
  click(x: number, y: number, modifiers: Modifiers): void;
  doubleClick(x: number, y: number, modifiers: Modifiers): void;
  hover(x: number, y: number): void;
  leave(): void;
  band(x0: number, y0: number, x1: number, y1: number): void;
  endBand(isTaken: boolean, modifiers: Modifiers): void;
}

interface Point {
  x: number;
  y: number;
}

const SLACK_PX = 4; // a click may tremble this far
const DOUBLE_MS = 350;
const LINE_PX = 16;

export class Pointer {
  private readonly down = new Map<number, Point>();
  private start: Point | null = null;
  private isDragging = false;
  private isBand = false;
  private lastClick: (Point & { ms: number }) | null = null;
  private readonly stop = new AbortController();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly handlers: Handlers,
  ) {
    const { signal } = this.stop;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      react: (event: HTMLElementEventMap[K]) => void,
    ) => canvas.addEventListener(name, react, { signal, passive: false });
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => this.cancel(event));
    on("pointerleave", () => handlers.leave());
    on("wheel", (event) => this.wheel(event));
    on("dblclick", (event) => event.preventDefault());
    on("contextmenu", (event) => {
      if (this.isDragging) event.preventDefault();
    });
  }

  dispose(): void {
    this.stop.abort();
  }

  private at(event: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0 && event.button !== 1) return;
    const point = this.at(event);
    try {
      this.canvas.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that a script made cannot be captured; it works without.
    }
    this.down.set(event.pointerId, point);
    this.handlers.press();
    if (this.down.size > 1) {
      this.endBand(event, false);
      this.isDragging = true; // a second finger: no click any more
      return;
    }
    this.start = point;
    this.isDragging = false;
    this.isBand = event.button === 0 && (event.shiftKey || this.handlers.isBoxing());
  }

  private move(event: PointerEvent): void {
    const point = this.at(event);
    const last = this.down.get(event.pointerId);
    if (!last || !this.start) {
      if (event.pointerType !== "touch") this.handlers.hover(point.x, point.y);
      return;
    }
    if (this.down.size === 2) return this.pinch(event.pointerId, last, point);
    const moved = Math.hypot(point.x - this.start.x, point.y - this.start.y);
    if (!this.isDragging && moved < SLACK_PX) return;
    if (!this.isDragging) {
      this.isDragging = true;
      if (!this.isBand) this.handlers.pan(point.x - this.start.x, point.y - this.start.y);
    } else if (!this.isBand) {
      this.handlers.pan(point.x - last.x, point.y - last.y);
    }
    if (this.isBand) this.handlers.band(this.start.x, this.start.y, point.x, point.y);
    this.down.set(event.pointerId, point);
  }

  private pinch(id: number, last: Point, point: Point): void {
    const other = [...this.down].find(([each]) => each !== id)?.[1];
    this.down.set(id, point);
    if (!other) return;
    const apart = (a: Point) => Math.max(Math.hypot(a.x - other.x, a.y - other.y), 1);
    const middle = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
    this.handlers.pan((point.x - last.x) / 2, (point.y - last.y) / 2);
    this.handlers.zoom(middle.x, middle.y, apart(point) / apart(last));
  }

  private release(event: PointerEvent): void {
    if (!this.down.delete(event.pointerId)) return;
    if (this.down.size > 0) return;
    if (this.isDragging) this.endBand(event, true);
    else if (event.button === 0) this.click(event);
    this.start = null;
    this.isDragging = this.isBand = false;
  }

  private cancel(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    this.endBand(event, false);
    this.start = null;
    this.isDragging = this.isBand = false;
  }

  private endBand(event: PointerEvent, isTaken: boolean): void {
    if (this.isBand) this.handlers.endBand(isTaken && this.isDragging, modifiers(event));
    this.isBand = false;
  }

  private click(event: PointerEvent): void {
    const point = this.at(event);
    const { lastClick } = this;
    const isDouble =
      lastClick !== null &&
      event.timeStamp - lastClick.ms < DOUBLE_MS &&
      Math.hypot(point.x - lastClick.x, point.y - lastClick.y) < 2 * SLACK_PX;
    this.lastClick = isDouble ? null : { ...point, ms: event.timeStamp };
    if (isDouble) this.handlers.doubleClick(point.x, point.y, modifiers(event));
    else this.handlers.click(point.x, point.y, modifiers(event));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE_PX : event.deltaMode === 2 ? 400 : 1;
    const dx = event.deltaX * unit;
    const dy = event.deltaY * unit;
    if (!event.ctrlKey && Math.abs(dx) > Math.abs(dy)) return this.handlers.pan(-dx, 0);
    // A pinch on a trackpad comes as a wheel with ctrl and small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0016;
    const { x, y } = this.at(event);
    this.handlers.zoom(x, y, Math.exp(-Math.max(-400, Math.min(400, dy)) * speed));
  }
}

function modifiers(event: MouseEvent): Modifiers {
  return {
    isAdding: event.shiftKey,
    isToggling: event.ctrlKey || event.metaKey,
    isDeep: event.altKey || event.shiftKey,
  };
}
