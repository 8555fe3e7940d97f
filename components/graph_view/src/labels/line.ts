// One line of text laid out: which glyphs, where on the line. Units: em.
import type { Atlas, Glyph } from "./atlas";
import { graphemes, Source, type Token, tokens } from "./tokens";

export interface Line {
  glyphs: Glyph[];
  starts: number[]; // pen position of each glyph
  width: number;
  isWhole: boolean; // false while glyphs are still to be painted
}

interface Cut {
  room: number;
  line: Line | null;
}

const ELLIPSIS: Token = { text: "…", source: Source.sdf };
const MAX_CHARS = 300;

/** The lines of one table of strings in one weight, kept by the string's index. */
export class Lines {
  private kept: Line[] = [];
  private cuts: Cut[] = [];
  private generation = 0;

  constructor(
    private readonly atlas: Atlas,
    private readonly isBold: boolean,
  ) {}

  /** To be called when indices mean other strings. */
  forget(): void {
    this.kept = [];
    this.cuts = [];
  }

  /** The line of `text`, cut with an ellipsis where it is wider than `room`; null if nothing fits. */
  fitted(id: number, text: string, room: number): Line | null {
    const line = this.whole(id, text);
    if (line.width <= room || !line.isWhole) return line;
    const known = this.cuts[id];
    if (known && known.room === room) return known.line;
    const dots = this.atlas.glyph(ELLIPSIS, this.isBold);
    if (!dots) return null;
    const cut = this.cut(line, text, room - dots.advance, dots);
    if (!this.atlas.isOverBudget) this.cuts[id] = { room, line: cut };
    return cut;
  }

  private whole(id: number, text: string): Line {
    if (this.generation !== this.atlas.generation) {
      this.forget();
      this.generation = this.atlas.generation;
    }
    const known = this.kept[id];
    if (known) return known;
    const line = this.layOut(tokens(text.slice(0, MAX_CHARS)));
    if (line.isWhole) this.kept[id] = line;
    return line;
  }

  private layOut(parts: Token[]): Line {
    const line: Line = { glyphs: [], starts: [], width: 0, isWhole: true };
    for (const part of parts) {
      const glyph = this.atlas.glyph(part, this.isBold);
      if (!glyph) return { ...line, isWhole: false };
      append(line, glyph);
    }
    return line;
  }

  private cut(line: Line, text: string, room: number, dots: Glyph): Line | null {
    let n = 0;
    while (n < line.glyphs.length && line.starts[n] + line.glyphs[n].advance <= room) n++;
    const made: Line = { glyphs: [], starts: [], width: 0, isWhole: true };
    for (let i = 0; i < n; i++) append(made, line.glyphs[i]);
    if (n < line.glyphs.length && line.glyphs[n].source === Source.tinted) {
      const part = this.partOfRun(text, n, room - made.width);
      if (part) append(made, part);
    }
    if (made.glyphs.length === 0) return null;
    append(made, dots);
    return made;
  }

  /** As much of the n-th token, a run, as fits. */
  private partOfRun(text: string, n: number, room: number): Glyph | null {
    const run = tokens(text.slice(0, MAX_CHARS))[n];
    const whole = this.atlas.glyph(run, this.isBold);
    if (!whole) return null;
    const letters = graphemes(run.text);
    const count = Math.floor((letters.length * room) / whole.advance) - 1;
    if (count < 1) return null;
    const part = this.atlas.glyph({ ...run, text: letters.slice(0, count).join("") }, this.isBold);
    return part && part.advance <= room ? part : null;
  }
}

function append(line: Line, glyph: Glyph): void {
  line.glyphs.push(glyph);
  line.starts.push(line.width);
  line.width += glyph.advance;
}
