// One line of text laid out: which glyphs, where on the line. Units: em.
import type { Atlas, Glyph } from "./atlas";
import { graphemes, Source, type Token, tokens } from "./tokens";

export interface Line {
  glyphs: Glyph[];
  starts: number[]; // pen position of each glyph
  width: number;
  isWhole: boolean; // false while glyphs are still to be painted
}

const ELLIPSIS: Token = { text: "…", source: Source.sdf };
const MAX_CHARS = 300;

export class Lines {
  private kept = new Map<string, Line>();
  private generation = 0;

  constructor(private readonly atlas: Atlas) {}

  /** The line of `text`, cut with an ellipsis where it is wider than `room`; null if nothing fits. */
  fitted(text: string, isBold: boolean, room: number): Line | null {
    const line = this.whole(text, isBold);
    if (line.width <= room || !line.isWhole) return line;
    const dots = this.atlas.glyph(ELLIPSIS, isBold);
    if (!dots) return null;
    return this.cut(line, text, isBold, room - dots.advance, dots);
  }

  private whole(text: string, isBold: boolean): Line {
    if (this.generation !== this.atlas.generation) {
      this.kept.clear();
      this.generation = this.atlas.generation;
    }
    const name = (isBold ? "b" : "n") + text;
    let line = this.kept.get(name);
    if (!line) {
      line = this.layOut(tokens(text.slice(0, MAX_CHARS)), isBold);
      if (line.isWhole) this.kept.set(name, line);
    }
    return line;
  }

  private layOut(parts: Token[], isBold: boolean): Line {
    const line: Line = { glyphs: [], starts: [], width: 0, isWhole: true };
    for (const part of parts) {
      const glyph = this.atlas.glyph(part, isBold);
      if (!glyph) return { ...line, isWhole: false };
      append(line, glyph);
    }
    return line;
  }

  private cut(line: Line, text: string, isBold: boolean, room: number, dots: Glyph): Line | null {
    let n = 0;
    while (n < line.glyphs.length && line.starts[n] + line.glyphs[n].advance <= room) n++;
    const made: Line = { glyphs: [], starts: [], width: 0, isWhole: true };
    for (let i = 0; i < n; i++) append(made, line.glyphs[i]);
    if (n < line.glyphs.length && line.glyphs[n].source === Source.tinted) {
      const part = this.partOfRun(text, n, isBold, room - made.width);
      if (part) append(made, part);
    }
    if (made.glyphs.length === 0) return null;
    append(made, dots);
    return made;
  }

  /** As much of the n-th token, a run, as fits. */
  private partOfRun(text: string, n: number, isBold: boolean, room: number): Glyph | null {
    const run = tokens(text.slice(0, MAX_CHARS))[n];
    const whole = this.atlas.glyph(run, isBold);
    if (!whole) return null;
    const letters = graphemes(run.text);
    const count = Math.floor((letters.length * room) / whole.advance) - 1;
    if (count < 1) return null;
    const part = this.atlas.glyph({ ...run, text: letters.slice(0, count).join("") }, isBold);
    return part && part.advance <= room ? part : null;
  }
}

function append(line: Line, glyph: Glyph): void {
  line.glyphs.push(glyph);
  line.starts.push(line.width);
  line.width += glyph.advance;
}
