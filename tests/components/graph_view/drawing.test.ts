import assert from "node:assert/strict";
import test from "node:test";
import { Runs } from "../../../components/graph_view/src/culling";
import { emphasisOf, selectedItems } from "../../../components/graph_view/src/emphasis";
import { cleaned, Source, tokens } from "../../../components/graph_view/src/labels/tokens";
import { Role } from "../../../components/graph_view/src/programs/edge";
import {
  DARK,
  LIGHT,
  rgba,
  THEME_GLSL,
  themeValues,
} from "../../../components/graph_view/src/theme";
import { sceneOf } from "./small_scene";

const SEEN = { x: 0, y: 0, width: 10, height: 10 };

test("every visible row is drawn, in few spans", () => {
  const n = 256 * 40;
  const isVisible = (row: number) => Math.floor(row / 256) % 3 === 0;
  const runs = new Runs(n, (row, out) => out.set(isVisible(row) ? [1, 1, 2, 2] : [50, 50, 51, 51]));
  for (const most of [1, 2, 6, 100]) {
    const spans = runs.visible(SEEN, most);
    assert.ok(spans.length <= most);
    const drawn = new Set(
      spans.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)),
    );
    for (let row = 0; row < n; row++) if (isVisible(row)) assert.ok(drawn.has(row));
  }
});

test("what is out of sight is not drawn", () => {
  const runs = new Runs(1000, (_, out) => out.set([50, 50, 51, 51]));
  assert.deepEqual(runs.visible(SEEN, 6), []);
});

test("inputs and outputs of the selection have their roles, edges within it a third", () => {
  const chain = sceneOf(
    [0, 1, 2, 3].map((key) => ({ key, rect: [0, 60 * key, 50, 40] })),
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  );
  chain.selected = Uint8Array.of(0, 255, 255, 100);
  assert.deepEqual(selectedItems(chain), [1, 2]);
  const edges = emphasisOf(chain, selectedItems(chain), 1, -1);
  assert.deepEqual([...edges].sort(), [
    [0, Role.input],
    [1, Role.hover],
    [2, Role.output],
  ]);
});

test("letters stand alone, joined scripts stay together, emoji keep their colours", () => {
  const shown = tokens("ab 卷 شبكة عصبية 👩‍💻x").map(({ text, source }) => [text, source]);
  assert.deepEqual(shown, [
    ["a", Source.sdf],
    ["b", Source.sdf],
    [" ", Source.sdf],
    ["卷", Source.sdf],
    [" ", Source.sdf],
    ["شبكة عصبية", Source.tinted],
    [" ", Source.sdf],
    ["👩‍💻", Source.colored],
    ["x", Source.sdf],
  ]);
});

test("a very long run of a joined script is drawn in parts", () => {
  assert.ok(tokens("ש".repeat(1000)).length > 1);
  assert.equal(
    tokens("ש".repeat(1000))
      .map(({ text }) => text)
      .join(""),
    "ש".repeat(1000),
  );
});

test("control characters and those that turn the text around are not drawn", () => {
  assert.equal(cleaned("a\u202eb\u0000c\n"), "a b c ");
});

test("the shaders' block and its values are of one length", () => {
  const fields = [...THEME_GLSL.matchAll(/vec4 \w+(?:\[(\d+)\])?;/g)];
  const vectors = fields.reduce((sum, [, n]) => sum + Number(n ?? 1), 0);
  for (const theme of [LIGHT, DARK]) {
    const values = themeValues(theme);
    assert.equal(values.length, 4 * vectors);
    assert.ok(values.every((value) => value >= 0 && value <= 1));
  }
  assert.deepEqual(
    rgba("#ff000080").map((value) => Math.round(255 * value)),
    [255, 0, 0, 128],
  );
});
