// One clock for all views of a page: in a frame every view first moves, then follows, then draws,
// so that what one view does is seen in all of them in the same frame. The bundle may be evaluated
// more than once, hence the clock lives on the page.

/** Something that is drawn when it asked for the next frame. */
export interface Drawn {
  /** Takes its own movement to the time `now`, in ms. */
  move(now: number): void;
  /** Looks where another view looks. */
  follow(now: number): void;
  draw(): void;
}

export class FrameClock {
  private due = new Set<Drawn>();
  private spare = new Set<Drawn>();
  private request = 0;
  private isTurnFree = true;

  /** Asks for the next frame; while views move or follow in a frame, for this one. */
  ask(view: Drawn): void {
    this.due.add(view);
    if (this.request === 0) this.request = requestAnimationFrame((now) => this.tick(now));
  }

  forget(view: Drawn): void {
    this.due.delete(view);
  }

  /** True for the first who asks in a frame: for work that can wait, so that no frame does it twice. */
  takeTurn(): boolean {
    const { isTurnFree } = this;
    this.isTurnFree = false;
    return isTurnFree;
  }

  private tick(now: number): void {
    const { due } = this;
    this.isTurnFree = true;
    // Views that are asked for in these loops are visited by them as well.
    for (const view of due) guarded(() => view.move(now));
    for (const view of due) guarded(() => view.follow(now));
    this.due = this.spare;
    this.spare = due;
    this.request = 0;
    for (const view of due) guarded(() => view.draw());
    due.clear();
  }
}

/** An error in one view is told and does not stop the others. */
function guarded(act: () => void): void {
  try {
    act();
  } catch (error) {
    reportError(error);
  }
}

/** The one thing of a kind on the page, made by whoever asks first. */
export function onPage<T>(name: string, make: () => T): T {
  const page = globalThis as Record<symbol, unknown>;
  const key = Symbol.for(`opscope.graph_view.${name}`);
  page[key] ??= make();
  return page[key] as T;
}
