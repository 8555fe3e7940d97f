// What frames cost: JavaScript ms, draw calls. Kept for tests and benchmarks.

const KEPT = 4096;

export class Stats {
  frames = 0;
  drawCalls = 0;
  nLabels = 0;
  jsMs: number[] = [];

  add(jsMs: number, drawCalls: number): void {
    this.frames++;
    this.drawCalls = drawCalls;
    this.jsMs.push(jsMs);
    if (this.jsMs.length > KEPT) this.jsMs.shift();
  }
}
