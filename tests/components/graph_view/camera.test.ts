import assert from "node:assert/strict";
import test from "node:test";
import {
  cameraFor,
  flight,
  toView,
  toWorld,
  worldView,
  zoomedAt,
} from "../../../components/graph_view/src/camera";

const SIZE = { width: 800, height: 600 };
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test("view and world are inverse", () => {
  const camera = { x: 12, y: -7, zoom: 0.37 };
  const [x, y] = toWorld(camera, SIZE, ...toView(camera, SIZE, 100, 200));
  near(x, 100);
  near(y, 200);
});

test("zooming keeps the world under the pointer", () => {
  const before = { x: 5, y: 6, zoom: 1 };
  const world = toWorld(before, SIZE, 700, 50);
  const after = zoomedAt(before, SIZE, 700, 50, 2.5, 0);
  const [x, y] = toView(after, SIZE, ...world);
  near(x, 700);
  near(y, 50);
  near(after.zoom, 2.5);
});

test("zooming stops at its limits, and may leave a place beyond them", () => {
  near(zoomedAt({ x: 0, y: 0, zoom: 1 }, SIZE, 0, 0, 1e9, 0.1).zoom, 6);
  near(zoomedAt({ x: 0, y: 0, zoom: 1 }, SIZE, 0, 0, 1e-9, 0.1).zoom, 0.1);
  near(zoomedAt({ x: 0, y: 0, zoom: 0.05 }, SIZE, 0, 0, 0.5, 0.1).zoom, 0.05);
});

test("fitting shows all of a box, centred", () => {
  const box = { x: 100, y: 100, width: 4000, height: 100 };
  const camera = cameraFor(box, SIZE);
  const seen = worldView(camera, SIZE);
  near(camera.x, 2100);
  assert.ok(seen.x <= 100 && seen.x + seen.width >= 4100);
});

test("fitting an empty drawing gives a camera that works", () => {
  const camera = cameraFor({ x: 0, y: 0, width: 0, height: 0 }, { width: 1, height: 1 });
  assert.ok(camera.zoom > 0 && Number.isFinite(camera.zoom));
});

test("a flight starts and ends where it should, and its zoom stays finite", () => {
  const ways = [
    [
      { x: 0, y: 0, zoom: 1 },
      { x: 9000, y: -4000, zoom: 0.2 },
    ],
    [
      { x: 0, y: 0, zoom: 1 },
      { x: 0, y: 0, zoom: 0.02 },
    ],
    [
      { x: 0, y: 0, zoom: 1 },
      { x: 0, y: 0, zoom: 1 },
    ],
    [
      { x: 1e6, y: 1e6, zoom: 1e-3 },
      { x: 0, y: 0, zoom: 5 },
    ],
  ];
  for (const [from, to] of ways) {
    const { at, durationMs } = flight(from, to, SIZE);
    near(at(0).zoom, from.zoom);
    assert.deepEqual(at(1), to);
    assert.ok(durationMs >= 180 && durationMs <= 900);
    for (let s = 0; s <= 1; s += 0.1) {
      assert.ok(Number.isFinite(at(s).x) && at(s).zoom > 0);
    }
  }
});
