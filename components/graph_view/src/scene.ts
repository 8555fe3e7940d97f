// The columns to draw, and what follows from them. Twin of scene.py. World units, y down.
// Knows nothing of WebGL and the page.
import { type Block, bytesOf, countsOf, floatsOf, Strings, signedOf } from "./wire";

export const Kind = {
  operator: 0,
  input: 1,
  output: 2,
  constant: 3,
  collapsedGroup: 4,
  expandedGroup: 5,
} as const;
export const HAS_SUBGRAPH = 1;
export const NO_ITEM = -1;
const LAST_SEGMENT_BIT = 0x80000000;

export interface Legend {
  title: string;
  stops: [number, string][];
  ticks: [number, string][];
  swatches: [string, string][];
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Rows of a table grouped by a key: those of key k are `rows[ptr[k]..ptr[k + 1])`. */
export interface Grouped {
  ptr: Uint32Array;
  rows: Uint32Array;
}

export class Scene {
  readonly rect: Float32Array;
  readonly parent: Int32Array;
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  readonly key: Uint32Array;
  readonly accent: Uint8Array;
  readonly depth: Uint8Array;
  /** One past the last member of an item's subtree. */
  readonly end: Uint32Array;
  color: Uint8Array;
  selected: Uint8Array;
  excluded: Uint8Array;
  legend: Legend | null;
  /** Collapsed groups that show shares of categories: item, 9 shares, and the colours of all. */
  stripItem: Uint32Array;
  stripParts: Uint8Array;
  stripColor: Uint8Array;
  readonly edgeEnds: Uint32Array;
  readonly edgeFlags: Uint8Array;
  readonly edgeCount: Uint32Array;
  readonly segmentPoints: Float32Array;
  readonly segmentEdge: Uint32Array;
  readonly graphKey: string;
  readonly anchorKey: number;
  readonly size: [number, number];
  readonly serial: number;
  private readonly itemOfKey = new Map<number, number>();
  private readonly strings: Strings;
  private readonly title: Uint32Array;
  private readonly edgeLabel: Uint32Array;
  private detail: Uint32Array;
  private details: Strings;
  private outEdges: Grouped | undefined;
  private inEdges: Grouped | undefined;
  private segments: Grouped | undefined;

  constructor(block: Block) {
    if (block.kind !== "scene") throw new Error(`Wire format: a ${block.kind} is no scene`);
    this.rect = floatsOf(block, "item_rect");
    this.parent = signedOf(block, "item_parent");
    this.kind = bytesOf(block, "item_kind");
    this.flags = bytesOf(block, "item_flags");
    this.key = countsOf(block, "item_key");
    this.accent = bytesOf(block, "item_accent");
    this.title = countsOf(block, "item_title");
    this.detail = countsOf(block, "item_detail");
    this.color = bytesOf(block, "item_color");
    this.selected = bytesOf(block, "item_selected");
    this.excluded = bytesOf(block, "item_excluded");
    this.stripItem = countsOf(block, "strip_item");
    this.stripParts = bytesOf(block, "strip_parts");
    this.stripColor = bytesOf(block, "strip_color");
    this.edgeEnds = countsOf(block, "edge_ends");
    this.edgeFlags = bytesOf(block, "edge_flags");
    this.edgeLabel = countsOf(block, "edge_label");
    this.edgeCount = countsOf(block, "edge_count");
    this.segmentPoints = floatsOf(block, "segment_points");
    this.segmentEdge = countsOf(block, "segment_edge");
    this.strings = Strings.from(block, "strings");
    this.details = this.strings;
    this.graphKey = String(block.scalars.graph_key ?? "");
    this.anchorKey = Number(block.scalars.anchor_key ?? NO_ITEM);
    this.size = block.scalars.size as [number, number];
    this.serial = Number(block.scalars.serial ?? 0);
    this.legend = block.scalars.legend as Legend | null;
    this.depth = depths(this.parent);
    this.end = subtreeEnds(this.parent);
    this.key.forEach((key, item) => {
      this.itemOfKey.set(key, item);
    });
  }

  get nItems(): number {
    return this.key.length;
  }

  get nEdges(): number {
    return this.edgeFlags.length;
  }

  get nSegments(): number {
    return this.segmentEdge.length;
  }

  item(key: number): number {
    return this.itemOfKey.get(key) ?? NO_ITEM;
  }

  titleOf(item: number): string {
    return this.strings.at(this.title[item]);
  }

  detailOf(item: number): string {
    return this.details.at(this.detail[item]);
  }

  /** Equal for equal texts, so that a laid-out line can be kept. */
  titleId(item: number): number {
    return this.title[item];
  }

  detailId(item: number): number {
    return this.detail[item];
  }

  edgeLabelOf(edge: number): string {
    return this.strings.at(this.edgeLabel[edge]);
  }

  rectOf(item: number): Rect {
    const [x, y, width, height] = this.rect.subarray(4 * item, 4 * item + 4);
    return { x, y, width, height };
  }

  isGroup(item: number): boolean {
    return this.kind[item] >= Kind.collapsedGroup;
  }

  edgeOfSegment(segment: number): number {
    return (this.segmentEdge[segment] & ~LAST_SEGMENT_BIT) >>> 0;
  }

  isLastSegment(segment: number): boolean {
    return this.segmentEdge[segment] >= LAST_SEGMENT_BIT;
  }

  outEdgesOf(item: number): Uint32Array {
    this.outEdges ??= groupRows(this.nItems, this.nEdges, (edge) => this.edgeEnds[2 * edge]);
    return rowsOf(this.outEdges, item);
  }

  inEdgesOf(item: number): Uint32Array {
    this.inEdges ??= groupRows(this.nItems, this.nEdges, (edge) => this.edgeEnds[2 * edge + 1]);
    return rowsOf(this.inEdges, item);
  }

  segmentsOf(edge: number): Uint32Array {
    this.segments ??= groupRows(this.nEdges, this.nSegments, (s) => this.edgeOfSegment(s));
    return rowsOf(this.segments, edge);
  }

  /** Takes the colours and second lines of an overlay block; false if they are another scene's. */
  takeOverlay(block: Block): boolean {
    const color = bytesOf(block, "item_color");
    if (block.scalars.serial !== this.serial || color.length !== 4 * this.nItems) return false;
    this.color = color;
    this.detail = countsOf(block, "item_detail");
    this.details = Strings.from(block, "strings");
    this.stripItem = countsOf(block, "strip_item");
    this.stripParts = bytesOf(block, "strip_parts");
    this.stripColor = bytesOf(block, "strip_color");
    this.legend = block.scalars.legend as Legend | null;
    return true;
  }

  /** Takes what is selected and excluded; false if it is another scene's. */
  takeState(block: Block): boolean {
    const selected = bytesOf(block, "item_selected");
    if (block.scalars.serial !== this.serial || selected.length !== this.nItems) return false;
    this.selected = selected;
    this.excluded = bytesOf(block, "item_excluded");
    return true;
  }
}

function depths(parent: Int32Array): Uint8Array {
  const depth = new Uint8Array(parent.length);
  parent.forEach((above, item) => {
    if (above >= 0) depth[item] = Math.min(depth[above] + 1, 255);
  });
  return depth;
}

function subtreeEnds(parent: Int32Array): Uint32Array {
  const end = new Uint32Array(parent.length);
  for (let item = parent.length - 1; item >= 0; item--) {
    end[item] = Math.max(end[item], item + 1);
    const above = parent[item];
    if (above >= 0) end[above] = Math.max(end[above], end[item]);
  }
  return end;
}

function groupRows(nKeys: number, nRows: number, keyOf: (row: number) => number): Grouped {
  const ptr = new Uint32Array(nKeys + 1);
  for (let row = 0; row < nRows; row++) ptr[keyOf(row) + 1]++;
  for (let key = 0; key < nKeys; key++) ptr[key + 1] += ptr[key];
  const next = ptr.slice();
  const rows = new Uint32Array(nRows);
  for (let row = 0; row < nRows; row++) rows[next[keyOf(row)]++] = row;
  return { ptr, rows };
}

function rowsOf(grouped: Grouped, key: number): Uint32Array {
  return grouped.rows.subarray(grouped.ptr[key], grouped.ptr[key + 1]);
}
