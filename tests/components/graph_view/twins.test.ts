import assert from "node:assert/strict";
import test from "node:test";
import { Kind } from "../../../components/graph_view/src/scene";
import { Twins } from "../../../components/graph_view/src/twins";
import { type Box, sceneOf } from "./small_scene";

const BOX: [number, number] = [100, 40];
const N = 40;

/** A chain of boxes, `step` apart, that begins at x = `left`; keys from `first` on. */
function chain(first: number, left: number, step: number): Box[] {
  return Array.from({ length: N }, (_, i) => ({ key: first + i, rect: [left, i * step, ...BOX] }));
}

const keys = (first: number) => Uint32Array.from({ length: N }, (_, i) => first + i);
const middle = (box: Box) => ({ x: box.rect[0] + 50, y: box.rect[1] + 20 });
const close = (a: number, b: number, by: number) =>
  assert.ok(Math.abs(a - b) <= by, `${a} is not within ${by} of ${b}`);

test("what is in the middle here is in the middle there, and back again", () => {
  const [here, there] = [chain(0, 0, 60), chain(1000, 700, 90)];
  const twins = new Twins(sceneOf(here), sceneOf(there), keys(0), keys(1000));
  assert.equal(twins.nPairs, N);
  for (const i of [3, 20, 36]) {
    const point = middle(here[i]);
    twins.toOther(point, 400);
    close(point.x, 750, 1e-6);
    close(point.y, middle(there[i]).y, 8);
    const back = middle(there[i]);
    twins.toBase(back, 400);
    close(back.y, middle(here[i]).y, 8);
  }
});

test("a step of the one is a small step of the other", () => {
  const there = chain(1000, 700, 90);
  there[20].rect[0] += 1000; // one twin lies far away
  const twins = new Twins(sceneOf(chain(0, 0, 60)), sceneOf(there), keys(0), keys(1000));
  let last: number | null = null;
  for (let y = 0; y < N * 60; y++) {
    const point = { x: 50, y };
    twins.toOther(point, 400);
    if (last !== null) assert.ok(Math.abs(point.x - last) < 40);
    last = point.x;
  }
});

test("only pairs of which both ends are drawn count", () => {
  const here = sceneOf(chain(0, 0, 60).slice(0, 10));
  const twins = new Twins(here, sceneOf(chain(1000, 700, 90).slice(5)), keys(0), keys(1000));
  assert.equal(twins.nPairs, 5);
});

test("while the reader is in an open group, its closed twin stays in the middle", () => {
  const group: Box = { key: 1, rect: [0, 0, 400, 2000], kind: Kind.expandedGroup };
  const after: Box = { key: 2, rect: [0, 2100, ...BOX] };
  const closed: Box = { key: 1, rect: [0, 0, 100, 46], kind: Kind.collapsedGroup };
  const afterClosed: Box = { key: 2, rect: [0, 100, ...BOX] };
  const pairs = Uint32Array.from([1, 2]);
  const twins = new Twins(sceneOf([group, after]), sceneOf([closed, afterClosed]), pairs, pairs);
  for (const y of [500, 1000, 1500]) {
    const point = { x: 200, y };
    twins.toOther(point, 600);
    close(point.x, 50, 5);
    close(point.y, 23, 5);
  }
  const point = { x: 50, y: 2120 };
  twins.toOther(point, 600);
  close(point.y, 120, 30);
});

test("two open groups leave it to what is in them", () => {
  const open = (x: number): Box => ({ key: 1, rect: [x, 0, 400, 900], kind: Kind.expandedGroup });
  const pairs = Uint32Array.from([1]);
  assert.equal(new Twins(sceneOf([open(0)]), sceneOf([open(9)]), pairs, pairs).nPairs, 0);
});

test("without twins a place is the same share of both drawings", () => {
  const none = new Uint32Array(0);
  const here = sceneOf(chain(0, 0, 60), [], { size: [1000, 2000] });
  const there = sceneOf(chain(0, 0, 60), [], { size: [500, 8000] });
  const point = { x: 200, y: 500 };
  new Twins(here, there, none, none).toOther(point, 400);
  assert.deepEqual(point, { x: 100, y: 2000 });
  new Twins(here, there, none, none).toBase(point, 400);
  assert.deepEqual(point, { x: 200, y: 500 });
});
