// What frames cost: JavaScript ms, draw calls. Kept for tests and benchmarks.

const KEPT = 4096;

export class Stats {
  frames = 0;
  draws = 0; // of a scene: frames, and pictures drawn at once after a change of size
  drawCalls = 0;
  nLabels = 0;
  jsMs: number[] = [];

  add(jsMs: number): void {
    this.frames++;
    this.jsMs.push(jsMs);
    if (this.jsMs.length > KEPT) this.jsMs.shift();
  }
}
