// Scenes for tests, without Python: boxes and edges in words.
import { Scene } from "../../../components/graph_view/src/scene";
import type { Block, Column } from "../../../components/graph_view/src/wire";

export interface Box {
  key: number;
  rect: [number, number, number, number];
  parent?: number;
  kind?: number;
  flags?: number;
}

export function sceneOf(boxes: Box[], edges: [number, number][] = [], scalars = {}): Scene {
  const of = <T>(pick: (box: Box) => T) => boxes.map(pick);
  const zeros = (n: number) => new Uint8Array(n);
  const points = edges.flatMap(([from, to]) => {
    const [x0, y0, w0, h0] = boxes[from].rect;
    const [x1, y1, w1] = boxes[to].rect;
    const [xa, ya, xb, yb] = [x0 + w0 / 2, y0 + h0, x1 + w1 / 2, y1];
    return [xa, ya, xa, (ya + yb) / 2, xb, (ya + yb) / 2, xb, yb];
  });
  const columns: Record<string, Column> = {
    item_rect: Float32Array.from(of((box) => box.rect).flat()),
    item_parent: Int32Array.from(of((box) => box.parent ?? -1)),
    item_kind: Uint8Array.from(of((box) => box.kind ?? 0)),
    item_flags: Uint8Array.from(of((box) => box.flags ?? 0)),
    item_key: Uint32Array.from(of((box) => box.key)),
    item_title: new Uint32Array(boxes.length),
    item_detail: new Uint32Array(boxes.length),
    item_color: zeros(4 * boxes.length),
    item_accent: zeros(boxes.length),
    item_selected: zeros(boxes.length),
    item_excluded: zeros(boxes.length),
    strip_item: new Uint32Array(0),
    strip_parts: zeros(0),
    strip_color: zeros(36),
    edge_ends: Uint32Array.from(edges.flat()),
    edge_flags: zeros(edges.length),
    edge_label: new Uint32Array(edges.length),
    edge_count: new Uint32Array(edges.length).fill(1),
    segment_points: Float32Array.from(points),
    segment_edge: Uint32Array.from(edges.map((_, edge) => edge + 0x80000000)),
    "strings.utf8": new Uint8Array(0),
    "strings.ends": new Uint32Array([0]),
  };
  const block: Block = {
    kind: "scene",
    columns: new Map(Object.entries(columns)),
    scalars: { graph_key: "g", anchor_key: -1, size: [1000, 1000], legend: null, ...scalars },
  };
  return new Scene(block);
}
