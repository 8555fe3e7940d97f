import assert from "node:assert/strict";
import test from "node:test";
import {
  anchorShift,
  isSamePlace,
  oldPlaces,
  shift,
  shownRects,
} from "../../../components/graph_view/src/animation";
import { Kind } from "../../../components/graph_view/src/scene";
import { sceneOf } from "./small_scene";

const GROUP = 100;
const collapsed = sceneOf([
  { key: 1, rect: [0, 0, 100, 40] },
  { key: GROUP, rect: [0, 100, 100, 46], kind: Kind.collapsedGroup },
]);
const expanded = sceneOf(
  [
    { key: 1, rect: [50, 0, 100, 40] },
    { key: GROUP, rect: [0, 100, 200, 400], kind: Kind.expandedGroup },
    { key: 2, rect: [100, 300, 100, 40], parent: 1 },
  ],
  [],
  { anchor_key: GROUP },
);

test("items that stay start from where they were", () => {
  const from = oldPlaces(expanded, collapsed, collapsed.rect);
  assert.deepEqual([...from.subarray(0, 4)], [0, 0, 100, 40]);
  assert.deepEqual([...from.subarray(4, 8)], [0, 100, 100, 46]);
});

test("new items grow out of the place of their collapsed group", () => {
  const from = oldPlaces(expanded, collapsed, collapsed.rect);
  const [x, y, width, height] = from.subarray(8, 12);
  assert.ok(x >= 0 && x + width <= 100 && width > 0);
  assert.ok(y >= 100 && y + height <= 146 && height > 0);
  assert.equal(x, 50);
});

test("a new item without a group grows out of its own centre", () => {
  const next = sceneOf([{ key: 9, rect: [10, 20, 40, 20] }]);
  assert.deepEqual([...oldPlaces(next, collapsed, collapsed.rect)], [30, 30, 0, 0]);
});

test("the anchor's handle keeps its place on the screen", () => {
  const camera = { x: 0, y: 0, zoom: 1 };
  const moved = anchorShift(expanded, collapsed, collapsed.rect, camera);
  // Collapsed, the handle is at half of the height of 46; expanded, in the title bar of 26.
  assert.deepEqual(moved, [0, 100 + 13 - (100 + 23)]);
});

test("without an anchor the drawing holds on to what is in the middle of the view", () => {
  const next = sceneOf([{ key: 1, rect: [50, 0, 100, 40] }]);
  const camera = { x: 40, y: 10, zoom: 1 };
  assert.deepEqual(anchorShift(next, collapsed, collapsed.rect, camera), [50, 0]);
  const stranger = sceneOf([{ key: 77, rect: [0, 0, 1, 1] }]);
  assert.equal(anchorShift(stranger, collapsed, collapsed.rect, camera), null);
});

test("half way is half way, and the end is the new drawing itself", () => {
  const from = Float32Array.of(0, 0, 10, 10);
  const to = Float32Array.of(10, 20, 20, 20);
  assert.deepEqual([...shownRects(from, to, 0.5)], [5, 10, 15, 15]);
  assert.equal(shownRects(from, to, 1), to);
});

test("moving boxes leaves their sizes", () => {
  const rects = Float32Array.of(0, 0, 10, 10, 5, 5, 1, 1);
  shift(rects, 3, -2);
  assert.deepEqual([...rects], [3, -2, 10, 10, 8, 3, 1, 1]);
});

test("a drawing is the same only if items and places are", () => {
  assert.ok(isSamePlace(collapsed, collapsed));
  assert.ok(!isSamePlace(expanded, collapsed));
});
