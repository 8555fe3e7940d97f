// Which runs of a table touch the view. Runs are of 256 rows; the view asks for few draw calls,
// so that runs with small gaps between them are drawn together.
import type { Rect } from "./scene";

const RUN = 256;

export interface Span {
  first: number;
  count: number;
}

/** Writes the bounds of a row into `out`: x0, y0, x1, y1. */
export type BoundsOf = (row: number, out: Float64Array) => void;

export class Runs {
  private readonly bounds: Float32Array;

  constructor(
    private readonly nRows: number,
    boundsOf: BoundsOf,
  ) {
    const nRuns = Math.ceil(nRows / RUN);
    this.bounds = new Float32Array(4 * nRuns);
    const row = new Float64Array(4);
    for (let run = 0; run < nRuns; run++) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = run * RUN; i < Math.min(nRows, (run + 1) * RUN); i++) {
        boundsOf(i, row);
        box[0] = Math.min(box[0], row[0]);
        box[1] = Math.min(box[1], row[1]);
        box[2] = Math.max(box[2], row[2]);
        box[3] = Math.max(box[3], row[3]);
      }
      this.bounds.set(box, 4 * run);
    }
  }

  /** At most `most` spans of rows that hold every row in `seen`. */
  visible(seen: Rect, most: number): Span[] {
    const spans: Span[] = [];
    const [right, bottom] = [seen.x + seen.width, seen.y + seen.height];
    for (let run = 0; run < this.bounds.length / 4; run++) {
      const at = 4 * run;
      const isOut =
        this.bounds[at] > right ||
        this.bounds[at + 1] > bottom ||
        this.bounds[at + 2] < seen.x ||
        this.bounds[at + 3] < seen.y;
      if (isOut) continue;
      const first = run * RUN;
      const count = Math.min(RUN, this.nRows - first);
      const last = spans[spans.length - 1];
      if (last && last.first + last.count === first) last.count += count;
      else spans.push({ first, count });
    }
    return joined(spans, most);
  }

  get all(): Span[] {
    return this.nRows ? [{ first: 0, count: this.nRows }] : [];
  }
}

/** Joins the spans with the smallest gaps until `most` are left. */
function joined(spans: Span[], most: number): Span[] {
  if (spans.length <= most) return spans;
  const gaps = spans.slice(1).map((span, i) => span.first - spans[i].first - spans[i].count);
  const limit = [...gaps].sort((a, b) => b - a)[most - 2] ?? Infinity;
  const made: Span[] = [spans[0]];
  spans.slice(1).forEach((span, i) => {
    const last = made[made.length - 1];
    if (gaps[i] < limit || made.length >= most) last.count = span.first + span.count - last.first;
    else made.push({ ...span });
  });
  return made;
}
