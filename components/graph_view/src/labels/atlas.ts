// Glyphs in two textures: letters as signed distances (sharp at any zoom), runs of joined
// scripts and emoji as the browser paints them. Fonts are those of the reader's system.
import TinySDF from "@mapbox/tiny-sdf";
import { UNITS } from "../gl/program";
import { FORMATS, setLinear, Table } from "../gl/texture";
import { Source, type Token } from "./tokens";

export const FONT_FAMILY =
  'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';
export const SDF_EM = 32; // also in programs/label/vertex.glsl
const SDF_RADIUS = 8;
const SDF_BUFFER = 6;
const SDF_SIDE = 2048;
const BITMAP_SIDE = 1024;
const BITMAP_PAD = 2;
const BASELINE = 0.35; // em below the line's middle: half the height of capitals
const BUDGET_MS = 2; // painting letters in one plan; the rest follows in the next frame

const COMMON = [..."…etaoinsrlcdumpfghvbwykxzqj0123456789_.:-/×,[]()ETAOINSRLCDUMPFGHVBWYKXZQJ"];

/** A glyph as lines see it; what the shader needs is in the table's row. Units: em. */
export interface Glyph {
  source: Source;
  row: number; // in the glyph table; -1: nothing to draw
  advance: number;
}

/** Where a glyph lies from the pen and the line's middle (em), and in its atlas (texels). */
interface Placed {
  source: Source;
  em: [number, number, number, number];
  texels: [number, number, number, number];
  advance: number;
}

const FLOATS_A_ROW = 8;
const SOURCE_STEP = 65536; // also in programs/label/vertex.glsl
const FIRST_ROWS = 256;

/** Places rectangles in rows, each as high as its first guest needs. */
class Shelves {
  private x = 0;
  private y = 0;
  private height = 0;

  constructor(private readonly side: number) {}

  place(width: number, height: number): [number, number] | null {
    if (this.x + width > this.side) {
      this.y += this.height;
      this.x = this.height = 0;
    }
    if (width > this.side || this.y + height > this.side) return null;
    const spot: [number, number] = [this.x, this.y];
    this.x += width;
    this.height = Math.max(this.height, height);
    return spot;
  }
}

export class Atlas {
  /** Grows when the atlas was emptied, so that lines kept elsewhere are laid out again. */
  generation = 0;
  private glyphs = new Map<string, Glyph>();
  private sdfShelves = new Shelves(SDF_SIDE);
  private bitmapShelves = new Shelves(BITMAP_SIDE);
  private readonly painters: [TinySDF, TinySDF];
  private readonly canvas = document.createElement("canvas");
  private readonly sdf: WebGLTexture;
  private readonly bitmap: WebGLTexture;
  private readonly table: Table;
  private rows = new Float32Array(FLOATS_A_ROW * FIRST_ROWS);
  private nRows = 0;
  private nWritten = 0;
  private spentMs = 0;
  private nWarm = 0;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.table = new Table(gl, UNITS.u_glyph, FORMATS(gl).rgba32f);
    const shared = { fontSize: SDF_EM, buffer: SDF_BUFFER, radius: SDF_RADIUS, cutoff: 0.25 };
    this.painters = [
      new TinySDF({ ...shared, fontFamily: FONT_FAMILY, fontWeight: "400" }),
      new TinySDF({ ...shared, fontFamily: FONT_FAMILY, fontWeight: "600" }),
    ];
    this.sdf = this.texture(UNITS.u_sdf, gl.R8, SDF_SIDE);
    this.bitmap = this.texture(UNITS.u_bitmap, gl.RGBA8, BITMAP_SIDE);
    // The first letter makes the painter's canvas, which takes long while the GPU draws a frame.
    for (const isBold of [true, false]) {
      this.startPlan();
      this.glyph({ text: COMMON[0], source: Source.sdf }, isBold);
    }
  }

  static readonly sides = [SDF_SIDE, BITMAP_SIDE] as const;

  startPlan(): void {
    this.spentMs = 0;
  }

  get isOverBudget(): boolean {
    return this.spentMs > BUDGET_MS;
  }

  /** The glyph of a token; null where this plan has painted enough. */
  glyph(token: Token, isBold: boolean): Glyph | null {
    const name = `${isBold ? 1 : 0}${token.source}${token.text}`;
    const known = this.glyphs.get(name);
    if (known) return known;
    if (this.isOverBudget) return null;
    const start = performance.now();
    const made = this.remember(
      token.source === Source.sdf ? this.paint(token, isBold) : this.paintRun(token),
    );
    this.spentMs += performance.now() - start;
    this.glyphs.set(name, made);
    return made;
  }

  /** Paints the letters that nearly every label needs, a few at a time; false when all are there. */
  warm(): boolean {
    this.startPlan();
    while (this.nWarm < 2 * COMMON.length && !this.isOverBudget) {
      const text = COMMON[this.nWarm >> 1];
      this.glyph({ text, source: Source.sdf }, this.nWarm % 2 === 0);
      this.nWarm++;
    }
    return this.nWarm < 2 * COMMON.length;
  }

  /** Brings the table in step with the glyphs that were painted since. */
  writeTable(): void {
    if (this.nWritten === this.nRows) return;
    this.table.write(this.rows, 2 * this.nRows);
    this.nWritten = this.nRows;
  }

  dispose(): void {
    this.table.dispose();
    this.gl.deleteTexture(this.sdf);
    this.gl.deleteTexture(this.bitmap);
  }

  private remember(placed: Placed): Glyph {
    const { source, em, texels, advance } = placed;
    if (texels[2] === 0) return { source, row: -1, advance };
    if (FLOATS_A_ROW * (this.nRows + 1) > this.rows.length) {
      const larger = new Float32Array(2 * this.rows.length);
      larger.set(this.rows);
      this.rows = larger;
    }
    const at = FLOATS_A_ROW * this.nRows;
    this.rows.set(em, at);
    this.rows.set(texels, at + 4);
    this.rows[at + 4] += source * SOURCE_STEP;
    return { source, row: this.nRows++, advance };
  }

  private paint({ text, source }: Token, isBold: boolean): Placed {
    const painted = this.painters[isBold ? 1 : 0].draw(text);
    const { width: w, height: h, glyphAdvance, glyphLeft, glyphTop, glyphWidth } = painted;
    const advance = glyphAdvance / SDF_EM;
    if (glyphWidth === 0) return { ...NOTHING, advance };
    const [u, v] = this.spot("sdfShelves", w, h);
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + UNITS.u_sdf);
    gl.bindTexture(gl.TEXTURE_2D, this.sdf);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const data = new Uint8Array(painted.data.buffer);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, u, v, w, h, gl.RED, gl.UNSIGNED_BYTE, data);
    const x = (glyphLeft - SDF_BUFFER) / SDF_EM;
    const y = BASELINE - (glyphTop + SDF_BUFFER) / SDF_EM;
    return { source, em: [x, y, w / SDF_EM, h / SDF_EM], texels: [u, v, w, h], advance };
  }

  private paintRun({ text, source }: Token): Placed {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) return NOTHING;
    const font = `500 ${SDF_EM}px ${FONT_FAMILY}`;
    context.font = font;
    const measured = context.measureText(text);
    const left = Math.ceil(Math.max(measured.actualBoundingBoxLeft, 0)) + BITMAP_PAD;
    const top = Math.ceil(measured.actualBoundingBoxAscent) + BITMAP_PAD;
    const right = Math.ceil(Math.max(measured.actualBoundingBoxRight, measured.width));
    const w = Math.min(left + right + BITMAP_PAD, BITMAP_SIDE);
    const h = Math.min(
      Math.max(top + Math.ceil(measured.actualBoundingBoxDescent) + BITMAP_PAD, 1),
      4 * SDF_EM,
    );
    const [u, v] = this.spot("bitmapShelves", w, h);
    this.canvas.width = w;
    this.canvas.height = h;
    context.font = font; // resizing forgets it
    context.fillStyle = "#ffffff";
    context.fillText(text, left, top);
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + UNITS.u_bitmap);
    gl.bindTexture(gl.TEXTURE_2D, this.bitmap);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, u, v, gl.RGBA, gl.UNSIGNED_BYTE, this.canvas);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    return {
      source,
      em: [-left / SDF_EM, BASELINE - top / SDF_EM, w / SDF_EM, h / SDF_EM],
      texels: [u, v, w, h],
      advance: measured.width / SDF_EM,
    };
  }

  /** A place for a new glyph; where there is none left, all glyphs are forgotten. */
  private spot(
    shelves: "sdfShelves" | "bitmapShelves",
    width: number,
    height: number,
  ): [number, number] {
    const spot = this[shelves].place(width, height);
    if (spot) return spot;
    this.generation++;
    this.glyphs = new Map();
    this.nRows = this.nWritten = 0;
    this.sdfShelves = new Shelves(SDF_SIDE);
    this.bitmapShelves = new Shelves(BITMAP_SIDE);
    return this[shelves].place(width, height) ?? [0, 0];
  }

  private texture(unit: number, internal: number, side: number): WebGLTexture {
    const { gl } = this;
    const made = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texStorage2D(gl.TEXTURE_2D, 1, internal, side, side);
    setLinear(gl);
    return made;
  }
}

const NOTHING: Placed = {
  source: Source.sdf,
  em: [0, 0, 0, 0],
  texels: [0, 0, 0, 0],
  advance: 0,
};
