import assert from "node:assert/strict";
import test from "node:test";
import { N_PARTS, packStrips } from "../../../components/graph_view/src/programs/strip";
import { sceneOf } from "./small_scene";

test("a strip is one texel: its item and nine bytes", () => {
  const scene = sceneOf([{ key: 0, rect: [0, 0, 100, 46] }]);
  scene.stripItem = Uint32Array.from([70_000, 3]);
  scene.stripParts = Uint8Array.from({ length: 2 * N_PARTS }, (_, i) => i);
  const rows = packStrips(scene);
  assert.deepEqual([...rows.subarray(0, 4)], [70_000, 0x03020100, 0x07060504, 8]);
  assert.deepEqual([...rows.subarray(4)], [3, 0x0c0b0a09, 0x100f0e0d, 17]);
});
