// Draws a scene into a WebGL2 context: vertices are pulled from tables by gl_VertexID, one
// program after the other, from the back to the front. Knows no page and no reader.
import { type Camera, type ViewSize, worldView } from "./camera";
import { type BoundsOf, Runs, type Span } from "./culling";
import { compile, FRAME_BINDING, type Program, UNITS } from "./gl/program";
import { FORMATS, Table } from "./gl/texture";
import { Atlas } from "./labels/atlas";
import { arrow, packArrows, packEmphasisArrows } from "./programs/arrow";
import { edge, packEmphasis, packSegments, type Role, TEXELS_A_SEGMENT } from "./programs/edge";
import { group, packGroups } from "./programs/group";
import { ItemTables } from "./programs/items";
import { label } from "./programs/label";
import { node, packNodes } from "./programs/node";
import { packStrips, strip, stripColors } from "./programs/strip";
import { NO_ITEM, type Scene } from "./scene";
import { rgba, type Theme, themeValues } from "./theme";

export interface Frame {
  camera: Camera;
  size: ViewSize;
  devicePixelRatio: number;
  /** 0..1: how far items have moved from their old places. */
  progress: number;
  hovered: number;
  focused: number;
  hasFocus: boolean;
}

const FRAME_VECTORS = 3;
const SPANS_A_PROGRAM = 6; // 5 programs x 6 + 3 single draws: at most 33 draw calls
const VERTICES_A_QUAD = 6;
// Pieces of a curve by its length in CSS px.
const CUTS = [
  [5, 1],
  [14, 3],
  [60, 8],
  [200, 14],
  [Infinity, 24],
] as const;

/** A list of rows with the texture that holds it and the bounds of its runs. */
interface List {
  table: Table;
  runs: Runs;
}

export class Renderer {
  readonly atlas: Atlas;
  drawCalls = 0;
  private readonly programs: Record<
    "group" | "node" | "strip" | "edge" | "arrow" | "label",
    Program
  >;
  private readonly items: ItemTables;
  private readonly segments: Table;
  private readonly labels: Table;
  private readonly frameBuffer: WebGLBuffer;
  private readonly lists: Record<"groups" | "nodes" | "arrows", List>;
  private readonly strips: List;
  private readonly emphasis: Table;
  private readonly emphasisArrows: Table;
  private segmentRuns = new Runs(0, () => {});
  private longSegment = 1; // world units; nine of ten segments are shorter
  private isFading = false;
  private nEmphasised = 0;
  private nEmphasisArrows = 0;
  private nGlyphs = 0;
  private frameValues = new Float32Array(0);
  private page = [0, 0, 0, 1];

  constructor(private readonly gl: WebGL2RenderingContext) {
    const sources = { group, node, strip, edge, arrow, label };
    const compiled = Object.entries(sources).map(([name, each]) => [name, compile(gl, each)]);
    this.programs = Object.fromEntries(compiled);
    this.items = new ItemTables(gl);
    const { rgba32f, rgba32ui, r32ui } = FORMATS(gl);
    this.segments = new Table(gl, UNITS.u_segment, rgba32f);
    this.labels = new Table(gl, UNITS.u_label, rgba32f);
    const list = (): List => ({
      table: new Table(gl, UNITS.u_list, r32ui),
      runs: this.segmentRuns,
    });
    this.strips = { table: new Table(gl, UNITS.u_strip, rgba32ui), runs: this.segmentRuns };
    this.lists = { groups: list(), nodes: list(), arrows: list() };
    this.emphasis = new Table(gl, UNITS.u_list, r32ui);
    this.emphasisArrows = new Table(gl, UNITS.u_list, r32ui);
    this.atlas = new Atlas(gl);
    this.frameBuffer = gl.createBuffer();
    gl.useProgram(this.programs.label.handle);
    gl.uniform2f(this.programs.label.uniform("u_atlas_px"), ...Atlas.sides);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindVertexArray(gl.createVertexArray());
  }

  setTheme(theme: Theme): void {
    const { gl } = this;
    const values = themeValues(theme);
    this.frameValues = new Float32Array(4 * FRAME_VECTORS + values.length);
    this.frameValues.set(values, 4 * FRAME_VECTORS);
    gl.bindBuffer(gl.UNIFORM_BUFFER, this.frameBuffer);
    gl.bufferData(gl.UNIFORM_BUFFER, this.frameValues, gl.DYNAMIC_DRAW);
    gl.bindBufferBase(gl.UNIFORM_BUFFER, FRAME_BINDING, this.frameBuffer);
    this.page = rgba(theme.colors.page);
  }

  /** Takes all of a scene; `from` says where its items were before, float32 (n, 4). */
  setScene(scene: Scene, from: Float32Array): void {
    this.items.writeScene(scene, from);
    this.segments.write(packSegments(scene), TEXELS_A_SEGMENT * scene.nSegments);
    const boundsOfItem = itemBounds(scene);
    const boundsOfSegment = segmentBounds(scene);
    this.setList(this.lists.groups, packGroups(scene), boundsOfItem);
    this.setList(this.lists.nodes, packNodes(scene), boundsOfItem);
    this.setList(this.lists.arrows, packArrows(scene), boundsOfSegment);
    this.segmentRuns = new Runs(scene.nSegments, boundsOfSegment);
    this.longSegment = longLength(scene);
    this.setStrips(scene);
    this.setEmphasis(scene, new Map(), false);
  }

  setColors(scene: Scene): void {
    this.items.writeColors(scene);
    this.setStrips(scene);
  }

  setState(scene: Scene): void {
    this.items.writeState(scene);
  }

  /** Draws these edges above the others, which may fade. */
  setEmphasis(scene: Scene, edges: Map<number, Role>, isFading: boolean): void {
    this.isFading = isFading;
    const rows = packEmphasis(scene, edges);
    const heads = packEmphasisArrows(scene, rows);
    this.nEmphasised = rows.length;
    this.nEmphasisArrows = heads.length;
    this.emphasis.write(rows, rows.length);
    this.emphasisArrows.write(heads, heads.length);
  }

  setLabels(records: Float32Array, nGlyphs: number): void {
    this.nGlyphs = nGlyphs;
    this.labels.write(records, nGlyphs);
    this.atlas.writeTable();
  }

  draw(frame: Frame): void {
    const { gl, programs, lists } = this;
    this.drawCalls = 0;
    this.writeFrame(frame);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(this.page[0], this.page[1], this.page[2], 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const seen = grown(worldView(frame.camera, frame.size), 16 + 8 / frame.camera.zoom);
    const isMoving = frame.progress < 1;
    const visible = (runs: Runs) => (isMoving ? runs.all : runs.visible(seen, SPANS_A_PROGRAM));
    this.drawList(programs.group, lists.groups, visible(lists.groups.runs));
    this.drawEdges(frame.camera.zoom, visible(this.segmentRuns));
    if (frame.camera.zoom > 0.16) {
      this.drawList(programs.arrow, lists.arrows, visible(lists.arrows.runs));
    }
    this.drawEmphasis(frame.camera.zoom);
    this.drawList(programs.node, lists.nodes, visible(lists.nodes.runs));
    this.drawList(programs.strip, this.strips, visible(this.strips.runs));
    gl.useProgram(programs.label.handle);
    this.quads({ first: 0, count: this.nGlyphs }, VERTICES_A_QUAD);
  }

  dispose(): void {
    const { gl } = this;
    this.items.dispose();
    for (const list of [...Object.values(this.lists), this.strips]) list.table.dispose();
    for (const table of [this.segments, this.labels, this.emphasis, this.emphasisArrows]) {
      table.dispose();
    }
    this.atlas.dispose();
    for (const program of Object.values(this.programs)) gl.deleteProgram(program.handle);
    gl.deleteBuffer(this.frameBuffer);
  }

  private writeFrame({ camera, size, devicePixelRatio, ...frame }: Frame): void {
    const { gl } = this;
    this.frameValues.set([camera.x, camera.y, camera.zoom, devicePixelRatio], 0);
    this.frameValues.set([size.width, size.height, frame.progress, this.isFading ? 1 : 0], 4);
    this.frameValues.set([frame.hovered, frame.focused, frame.hasFocus ? 1 : 0, NO_ITEM], 8);
    gl.bindBuffer(gl.UNIFORM_BUFFER, this.frameBuffer);
    gl.bufferSubData(gl.UNIFORM_BUFFER, 0, this.frameValues, 0, 4 * FRAME_VECTORS);
  }

  private drawEdges(zoom: number, spans: Span[]): void {
    const cuts = this.startEdges(zoom, false);
    for (const span of spans) this.quads(span, VERTICES_A_QUAD * cuts);
  }

  private drawEmphasis(zoom: number): void {
    if (this.nEmphasised === 0) return;
    const cuts = this.startEdges(zoom, true);
    this.emphasis.bind();
    this.quads({ first: 0, count: this.nEmphasised }, VERTICES_A_QUAD * cuts);
    this.gl.useProgram(this.programs.arrow.handle);
    this.emphasisArrows.bind();
    this.quads({ first: 0, count: this.nEmphasisArrows }, VERTICES_A_QUAD);
  }

  /** Chooses how finely curves are cut: short ones on the screen need fewer pieces. */
  private startEdges(zoom: number, isListed: boolean): number {
    const { gl } = this;
    const program = this.programs.edge;
    const lengthPx = this.longSegment * zoom;
    const cuts = CUTS.find(([mostPx]) => lengthPx < mostPx)![1];
    gl.useProgram(program.handle);
    gl.uniform1i(program.uniform("u_cuts"), cuts);
    gl.uniform1i(program.uniform("u_is_listed"), isListed ? 1 : 0);
    return cuts;
  }

  private drawList(program: Program, list: List, spans: Span[]): void {
    if (spans.length === 0) return;
    this.gl.useProgram(program.handle);
    list.table.bind();
    for (const span of spans) this.quads(span, VERTICES_A_QUAD);
  }

  private quads({ first, count }: Span, verticesARow: number): void {
    if (count === 0) return;
    this.gl.drawArrays(this.gl.TRIANGLES, first * verticesARow, count * verticesARow);
    this.drawCalls++;
  }

  private setStrips(scene: Scene): void {
    const { gl, strips } = this;
    const { handle, uniform } = this.programs.strip;
    const boundsOf = itemBounds(scene);
    strips.table.write(packStrips(scene), scene.stripItem.length);
    strips.runs = new Runs(scene.stripItem.length, (row, out) =>
      boundsOf(scene.stripItem[row], out),
    );
    gl.useProgram(handle);
    gl.uniform4fv(uniform("u_strip_color"), stripColors(scene));
  }

  private setList(list: List, rows: Uint32Array, boundsOf: BoundsOf): void {
    list.table.write(rows, rows.length);
    list.runs = new Runs(rows.length, (row, out) => boundsOf(rows[row], out));
  }
}

function grown({ x, y, width, height }: ReturnType<typeof worldView>, by: number) {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}

function itemBounds(scene: Scene): BoundsOf {
  const { rect } = scene;
  return (item, out) => {
    const at = 4 * item;
    out[0] = rect[at];
    out[1] = rect[at + 1];
    out[2] = rect[at] + rect[at + 2];
    out[3] = rect[at + 1] + rect[at + 3];
  };
}

function segmentBounds(scene: Scene): BoundsOf {
  const p = scene.segmentPoints;
  return (segment, out) => {
    const at = 8 * segment;
    out[0] = Math.min(p[at], p[at + 2], p[at + 4], p[at + 6]);
    out[1] = Math.min(p[at + 1], p[at + 3], p[at + 5], p[at + 7]);
    out[2] = Math.max(p[at], p[at + 2], p[at + 4], p[at + 6]);
    out[3] = Math.max(p[at + 1], p[at + 3], p[at + 5], p[at + 7]);
  };
}

function longLength(scene: Scene): number {
  const step = Math.max(1, Math.floor(scene.nSegments / 1000));
  const lengths: number[] = [];
  for (let segment = 0; segment < scene.nSegments; segment += step) {
    const [x0, y0, , , , , x3, y3] = scene.segmentPoints.subarray(8 * segment, 8 * segment + 8);
    lengths.push(Math.hypot(x3 - x0, y3 - y0));
  }
  lengths.sort((a, b) => a - b);
  return lengths[Math.floor(0.9 * lengths.length)] ?? 1;
}
