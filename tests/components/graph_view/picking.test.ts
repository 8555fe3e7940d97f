import assert from "node:assert/strict";
import test from "node:test";
import { nearestItem, step, wayOf } from "../../../components/graph_view/src/interaction/walk";
import { Picking } from "../../../components/graph_view/src/picking";
import { Kind } from "../../../components/graph_view/src/scene";
import { sceneOf } from "./small_scene";

//        a
//   +----|----+
//   |  b   c  |   group 1
//   +----|----+
//        d        collapsed
const scene = sceneOf(
  [
    { key: 10, rect: [100, 0, 100, 40] },
    { key: 11, rect: [0, 80, 300, 120], kind: Kind.expandedGroup },
    { key: 12, rect: [20, 120, 100, 40], parent: 1, flags: 1 },
    { key: 13, rect: [160, 120, 100, 40], parent: 1 },
    { key: 14, rect: [100, 240, 100, 46], kind: Kind.collapsedGroup },
  ],
  [
    [0, 2],
    [0, 3],
    [2, 4],
    [3, 4],
  ],
);
const picking = new Picking(scene);
const [A, GROUP, B, C, D] = [0, 1, 2, 3, 4];

test("a point gives the topmost item and its part", () => {
  assert.deepEqual(picking.at(70, 140, 1), { item: B, part: "body" });
  assert.deepEqual(picking.at(140, 180, 1), { item: GROUP, part: "body" });
  assert.deepEqual(picking.at(140, 90, 1), { item: GROUP, part: "header" });
  assert.deepEqual(picking.at(14, 93, 1), { item: GROUP, part: "handle" });
  assert.deepEqual(picking.at(114, 263, 1), { item: D, part: "handle" });
  assert.equal(picking.at(500, 500, 1), null);
});

test("the subgraph badge overhangs its node's corner", () => {
  assert.deepEqual(picking.at(121, 162, 1), { item: B, part: "subgraph" });
  assert.equal(picking.at(261, 162, 1)?.part, "body");
});

test("far away the small parts are gone and specks are easier to hit", () => {
  assert.equal(picking.at(114, 263, 0.1)?.part, "body");
  assert.equal(picking.at(205, 20, 0.1)?.item, A);
  assert.equal(picking.at(205, 20, 1), null);
});

test("a rectangle gives nodes and collapsed groups that touch it", () => {
  assert.deepEqual(picking.leavesIn({ x: 0, y: 100, width: 170, height: 500 }).sort(), [B, C, D]);
});

test("an edge is found near its curve, not near its bounding box", () => {
  assert.equal(picking.edgeAt(209, 117, 3), 1);
  assert.equal(picking.edgeAt(72, 119, 3), 0);
  assert.equal(picking.edgeAt(80, 45, 3), -1);
});

test("an empty scene has nothing to pick", () => {
  const empty = new Picking(sceneOf([]));
  assert.equal(empty.at(0, 0, 1), null);
  assert.equal(empty.edgeAt(0, 0, 10), -1);
  assert.deepEqual(empty.leavesIn({ x: 0, y: 0, width: 9, height: 9 }), []);
});

test("arrows walk along edges, to neighbours, and out of a group", () => {
  const go = (item: number, way: "forward" | "back" | "left" | "right") =>
    step(scene, picking, item, way, "down");
  assert.equal(go(B, "forward"), D);
  assert.equal(go(D, "back"), C); // its centre is nearer
  assert.equal(go(B, "right"), C);
  assert.equal(go(C, "left"), B);
  assert.equal(go(C, "right"), C);
  assert.equal(go(GROUP, "forward"), C);
  assert.equal(go(D, "forward"), D);
});

test("arrow keys follow the direction of the drawing", () => {
  assert.equal(wayOf("ArrowDown", "down"), "forward");
  assert.equal(wayOf("ArrowRight", "right"), "forward");
  assert.equal(wayOf("ArrowUp", "right"), "left");
  assert.equal(wayOf("a", "down"), null);
});

test("walking starts at what is nearest to the middle", () => {
  assert.equal(nearestItem(scene, 200, 150), C);
  assert.equal(nearestItem(sceneOf([]), 0, 0), -1);
});
