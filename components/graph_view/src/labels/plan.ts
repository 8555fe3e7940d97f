// Which labels are drawn, and their glyphs as records for programs/label. Only those in an
// enlarged view are laid out; the plan holds until the camera leaves it. Sizes and places of lines
// are those of programs/label/vertex.glsl.
import { type Camera, type ViewSize, worldView } from "../camera";
import type { Picking } from "../picking";
import { Kind, type Rect, type Scene } from "../scene";
import type { Atlas } from "./atlas";
import { type Line, Lines } from "./line";

const FLOATS_A_GLYPH = 4;
const Role = { title: 0, detail: 1, groupTitle: 2 } as const;
const HAS_PARTNER = 4; // the item has both lines

const TITLE_PX = 12.5;
const SMALL_TITLE_PX = 11;
const DETAIL_PX = 10.5;
const LEAST_PX = 4.8; // smaller letters have faded out
const LEAST_GROUP_PX = 11; // titles of far groups are drawn at this size, if there is room
const TWO_LINES_HEIGHT = 34; // world
const SIDE_ROOM = 7; // world, free on each side of a node's text
const HANDLE_ROOM = 24; // world, left of a collapsed group's text
const MARGIN = 0.2;
const ZOOM_STEP = 1.12;
const LEAST_GROUP_WIDTH_PX = 30;
const LEAST_GROUP_AREA_PX = LEAST_GROUP_WIDTH_PX * (LEAST_GROUP_PX + 6);
const MAX_LABELS = 1500;
const MAX_GROUP_LABELS = 400;
const CELL_PX = 12; // of the grid that keeps far titles apart

export class LabelPlan {
  records = new Float32Array(FLOATS_A_GLYPH * 8192);
  nGlyphs = 0;
  nLabels = 0;
  private readonly titles: Lines;
  private readonly smallTitles: Lines;
  private readonly details: Lines;
  private region: Rect | null = null;
  private zoom = 0;
  private groupsByArea: Uint32Array | null = null;

  constructor(private readonly atlas: Atlas) {
    this.titles = new Lines(atlas, true);
    this.smallTitles = new Lines(atlas, false);
    this.details = new Lines(atlas, false);
  }

  /** To be called when texts or boxes have changed. */
  forget(isOtherScene: boolean): void {
    this.region = null;
    this.details.forget();
    if (!isOtherScene) return;
    this.groupsByArea = null;
    this.titles.forget();
    this.smallTitles.forget();
  }

  holds(camera: Camera, size: ViewSize): boolean {
    return this.isNear(camera, ZOOM_STEP) && this.covers(worldView(camera, size));
  }

  /** Whether it will do for a frame or two: few labels are missing, at the edge. */
  nearlyHolds(camera: Camera, size: ViewSize): boolean {
    return this.isNear(camera, ZOOM_STEP ** 3) && this.covers(worldView(camera, size, -MARGIN));
  }

  private isNear(camera: Camera, step: number): boolean {
    const ratio = camera.zoom / this.zoom;
    return ratio <= step && ratio >= 1 / step;
  }

  private covers(seen: Rect): boolean {
    const { region } = this;
    if (!region) return false;
    const isInside = seen.x >= region.x && seen.y >= region.y;
    return (
      isInside &&
      seen.x + seen.width <= region.x + region.width &&
      seen.y + seen.height <= region.y + region.height
    );
  }

  /** Lays out anew. False while letters remain to be painted: call again in the next frame. */
  make(scene: Scene, picking: Picking, camera: Camera, size: ViewSize): boolean {
    this.atlas.startPlan();
    const generation = this.atlas.generation;
    this.nGlyphs = this.nLabels = 0;
    this.zoom = camera.zoom;
    this.region = worldView(camera, size, MARGIN);
    this.addGroups(scene, camera, size);
    if (TITLE_PX * camera.zoom >= LEAST_PX) this.addNodes(scene, picking, camera.zoom);
    const isDone = !this.atlas.isOverBudget && generation === this.atlas.generation;
    if (!isDone) this.region = null;
    return isDone;
  }

  private addNodes(scene: Scene, picking: Picking, zoom: number): void {
    const items = picking.leavesIn(this.region!);
    const withDetail = DETAIL_PX * zoom >= LEAST_PX + 0.8;
    const count = Math.min(items.length, MAX_LABELS);
    for (let i = 0; i < count; i++) this.addNode(scene, items[i], withDetail);
  }

  private addNode(scene: Scene, item: number, withDetail: boolean): void {
    const kind = scene.kind[item];
    const isConstant = kind === Kind.constant;
    const handleRoom = kind === Kind.collapsedGroup ? HANDLE_ROOM - SIDE_ROOM : 0;
    const room = scene.rect[4 * item + 2] - 2 * SIDE_ROOM - handleRoom;
    const isTall = scene.rect[4 * item + 3] >= TWO_LINES_HEIGHT;
    const title = scene.titleOf(item);
    const detail = isTall ? scene.detailOf(item) : "";
    const partner = title && detail ? HAS_PARTNER : 0;
    if (title) {
      const px = isConstant ? SMALL_TITLE_PX : TITLE_PX;
      const lines = isConstant ? this.smallTitles : this.titles;
      const line = lines.fitted(scene.titleId(item), title, room / px);
      if (line) this.add(item, Role.title + partner, line, handleRoom / 2 / px - line.width / 2);
    }
    if (detail && withDetail) {
      const line = this.details.fitted(scene.detailId(item), detail, room / DETAIL_PX);
      const pen = handleRoom / 2 / DETAIL_PX;
      if (line) this.add(item, Role.detail + partner, line, pen - line.width / 2);
    }
    this.nLabels++;
  }

  private addGroups(scene: Scene, camera: Camera, size: ViewSize): void {
    this.groupsByArea ??= groupsByArea(scene);
    const { zoom } = camera;
    const taken = new Set<number>();
    const { region } = this;
    if (!region) return;
    let n = 0;
    const [right, bottom] = [region.x + region.width, region.y + region.height];
    const { rect } = scene;
    for (const item of this.groupsByArea) {
      const at = 4 * item;
      const width = rect[at + 2];
      const height = rect[at + 3];
      if (width * height * zoom * zoom < LEAST_GROUP_AREA_PX) return; // the rest is smaller
      const isOut =
        rect[at] > right ||
        rect[at] + width < region.x ||
        rect[at + 1] > bottom ||
        rect[at + 1] + height < region.y;
      if (isOut || width * zoom < LEAST_GROUP_WIDTH_PX) continue;
      if (this.addGroup(scene, item, camera, size, taken) && ++n >= MAX_GROUP_LABELS) return;
    }
  }

  /** The sums of inset and font size are those of programs/label/vertex.glsl. */
  private addGroup(
    scene: Scene,
    item: number,
    camera: Camera,
    size: ViewSize,
    taken: Set<number>,
  ): boolean {
    const { zoom } = camera;
    const rect = scene.rectOf(item);
    const fontPx = Math.max(TITLE_PX * zoom, LEAST_GROUP_PX);
    if (rect.height * zoom < fontPx + 6) return false;
    const insetPx = Math.max(26 * zoom, 7);
    const room = (rect.width * zoom - insetPx - 5) / fontPx;
    const title = scene.titleOf(item);
    if (!title || room < 2.2) return false;
    const line = this.titles.fitted(scene.titleId(item), title, room);
    if (!line) return false;
    const left = (rect.x - camera.x) * zoom + size.width / 2 + insetPx;
    const middle =
      (rect.y - camera.y) * zoom + size.height / 2 + Math.max(13 * zoom, LEAST_GROUP_PX / 2 + 4);
    const isFar = TITLE_PX * zoom < LEAST_GROUP_PX;
    if (isFar && !claim(taken, left, middle, line.width * fontPx, fontPx)) return false;
    this.add(item, Role.groupTitle, line, 0);
    this.nLabels++;
    return true;
  }

  /** Writes the glyphs of a line whose pen starts `pen` em from the label's anchor. */
  private add(item: number, style: number, line: Line, pen: number): void {
    this.reserve(line.glyphs.length);
    const out = this.records;
    let at = this.nGlyphs * FLOATS_A_GLYPH;
    for (let i = 0; i < line.glyphs.length; i++) {
      const { row } = line.glyphs[i];
      if (row < 0) continue;
      out[at] = item;
      out[at + 1] = style;
      out[at + 2] = row;
      out[at + 3] = pen + line.starts[i];
      at += FLOATS_A_GLYPH;
    }
    this.nGlyphs = at / FLOATS_A_GLYPH;
  }

  private reserve(more: number): void {
    const needed = (this.nGlyphs + more) * FLOATS_A_GLYPH;
    if (needed <= this.records.length) return;
    const larger = new Float32Array(Math.max(needed, 2 * this.records.length));
    larger.set(this.records);
    this.records = larger;
  }
}

function groupsByArea(scene: Scene): Uint32Array {
  const groups: number[] = [];
  for (let item = 0; item < scene.nItems; item++) {
    if (scene.kind[item] === Kind.expandedGroup) groups.push(item);
  }
  const area = (item: number) => scene.rect[4 * item + 2] * scene.rect[4 * item + 3];
  return Uint32Array.from(groups.sort((a, b) => area(b) - area(a) || a - b));
}

/** Takes the cells under a title unless one is taken already. */
function claim(
  taken: Set<number>,
  left: number,
  middle: number,
  width: number,
  height: number,
): boolean {
  const cells: number[] = [];
  const rows = [
    Math.floor((middle - height / 2) / CELL_PX),
    Math.floor((middle + height / 2) / CELL_PX),
  ];
  const first = Math.floor(left / CELL_PX);
  const last = Math.floor((left + width) / CELL_PX);
  for (let row = rows[0]; row <= rows[1]; row++) {
    for (let column = first; column <= last; column++) {
      const cell = row * 100_003 + column;
      if (taken.has(cell)) return false;
      cells.push(cell);
    }
  }
  for (const cell of cells) taken.add(cell);
  return true;
}
