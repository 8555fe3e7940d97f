import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Kind, Scene } from "../../../components/graph_view/src/scene";
import { bytesOf, floatsOf, unpack } from "../../../components/graph_view/src/wire";

const GOLDEN = "tests/components/graph_view/golden.opsc";

function golden(): ArrayBuffer {
  const file = readFileSync(GOLDEN);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
}

test("the golden file reads as Python wrote it", () => {
  const scene = new Scene(unpack(golden()));
  assert.deepEqual([scene.nItems, scene.nEdges, scene.nSegments], [6, 3, 4]);
  assert.deepEqual(scene.rectOf(1), { x: 0, y: 74, width: 260, height: 120 });
  assert.deepEqual([...scene.parent], [-1, -1, 1, 1, -1, -1]);
  assert.equal(scene.kind[1], Kind.expandedGroup);
  assert.deepEqual([...scene.key], [3, 100, 5, 6, 101, 4_000_000_000]);
  assert.deepEqual(
    [...scene.color],
    Array.from({ length: 24 }, (_, i) => i),
  );
  assert.deepEqual([...scene.selected], [0, 0, 255, 0, 64, 0]);
  assert.deepEqual([...scene.excluded], [255, 0, 0, 0, 128, 0]);
  assert.deepEqual([...scene.edgeEnds], [0, 2, 3, 2, 2, 4]);
  assert.deepEqual([...scene.edgeFlags], [2, 0, 5]);
  assert.equal(scene.edgeCount[2], 12);
  assert.equal(scene.segmentPoints[31], 1);
});

test("shares of categories arrive", () => {
  const scene = new Scene(unpack(golden()));
  assert.deepEqual([...scene.stripItem], [4]);
  assert.deepEqual([...scene.stripParts], [200, 0, 30, 5, 0, 0, 0, 0, 20]);
  assert.deepEqual([scene.stripColor.length, scene.stripColor[35]], [36, 135]);
});

test("strings of any script are decoded", () => {
  const scene = new Scene(unpack(golden()));
  const titles = Array.from({ length: 6 }, (_, item) => scene.titleOf(item));
  assert.deepEqual(titles, ["input", "block", "Conv", "卷积", "طبقة", "<b>logits</b>"]);
  assert.equal(scene.detailOf(0), "1×3");
  assert.equal(scene.detailOf(1), "");
  assert.equal(scene.edgeLabelOf(0), "float32[1,3]");
});

test("scalars and legend arrive", () => {
  const scene = new Scene(unpack(golden()));
  assert.deepEqual([scene.graphKey, scene.anchorKey, scene.serial], ["golden", 100, 7]);
  assert.deepEqual(scene.size, [260, 350.5]);
  assert.equal(scene.legend?.title, "latency (ms), groups: sum");
  assert.deepEqual(scene.legend?.stops[1], [1, "#fde725"]);
});

test("items are found by key, edges by item, segments by edge", () => {
  const scene = new Scene(unpack(golden()));
  assert.equal(scene.item(4_000_000_000), 5);
  assert.equal(scene.item(99), -1);
  assert.deepEqual([...scene.end], [1, 4, 3, 4, 5, 6]);
  assert.deepEqual([...scene.depth], [0, 0, 1, 1, 0, 0]);
  assert.deepEqual([...scene.inEdgesOf(2)], [0, 1]);
  assert.deepEqual([...scene.outEdgesOf(2)], [2]);
  assert.deepEqual([...scene.segmentsOf(2)], [0, 3]);
  assert.deepEqual([scene.isLastSegment(0), scene.isLastSegment(3)], [false, true]);
});

test("a column is read only as its own dtype", () => {
  const block = unpack(golden());
  assert.throws(() => floatsOf(block, "item_kind"), /item_kind/);
  assert.throws(() => bytesOf(block, "item_colour"), /item_colour/);
});

test("what is not a block is refused", () => {
  const damaged = (at: number, value: number) => {
    const bytes = golden();
    new Uint8Array(bytes)[at] = value;
    return bytes;
  };
  assert.throws(() => unpack(damaged(0, 88)), /not a block/);
  assert.throws(() => unpack(damaged(4, 9)), /version/);
  assert.throws(() => unpack(damaged(10, 255)), /header/);
  assert.throws(() => unpack(golden().slice(0, 12)), /16 bytes/);
  assert.throws(() => unpack(golden().slice(0, golden().byteLength - 64)), /does not fit/);
});
