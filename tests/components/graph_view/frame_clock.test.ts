import assert from "node:assert/strict";
import test from "node:test";
import { type Drawn, FrameClock } from "../../../components/graph_view/src/frame_clock";

/** Stands for the browser's frames: `frame()` runs what has asked for one. */
function withFrames(run: (frame: () => void) => void): void {
  const page = globalThis as Record<string, unknown>;
  const waiting: ((now: number) => void)[] = [];
  page.requestAnimationFrame = (react: (now: number) => void) => waiting.push(react);
  page.reportError = (error: Error) => told.push(error.message);
  const told: string[] = [];
  run(() => {
    for (const react of waiting.splice(0)) react(0);
  });
}

const view = (name: string, log: string[], act: Partial<Drawn> = {}): Drawn => ({
  move: () => act.move?.(0),
  follow: () => log.push(`${name} follows`),
  draw: () => {
    log.push(`${name} draws`);
    act.draw?.();
  },
});

test("what one view does while it moves is drawn by another in the same frame", () => {
  withFrames((frame) => {
    const log: string[] = [];
    const clock = new FrameClock();
    const second = view("second", log);
    clock.ask(view("first", log, { move: () => clock.ask(second) }));
    frame();
    assert.deepEqual(log, ["first follows", "second follows", "first draws", "second draws"]);
  });
});

test("what is asked for while drawing waits for the next frame", () => {
  withFrames((frame) => {
    const log: string[] = [];
    const clock = new FrameClock();
    let left = 2;
    const again: Drawn = view("it", log, { draw: () => --left > 0 && clock.ask(again) });
    clock.ask(again);
    frame();
    assert.equal(log.filter((line) => line === "it draws").length, 1);
    frame();
    frame();
    assert.equal(log.filter((line) => line === "it draws").length, 2);
  });
});

test("a view that fails does not stop the others, and one that is forgotten is not drawn", () => {
  withFrames((frame) => {
    const log: string[] = [];
    const clock = new FrameClock();
    const fails = () => {
      throw new Error("no room");
    };
    clock.ask(view("broken", log, { move: fails, draw: fails }));
    const gone = view("gone", log);
    clock.ask(gone);
    clock.ask(view("whole", log));
    clock.forget(gone);
    frame();
    assert.ok(log.includes("whole draws"));
    assert.ok(!log.includes("gone draws"));
  });
});
