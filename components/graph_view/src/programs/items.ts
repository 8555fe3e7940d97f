// The tables that all programs read: one record an item.

import { UNITS } from "../gl/program";
import { FORMATS, Table } from "../gl/texture";
import type { Scene } from "../scene";

export class ItemTables {
  private readonly to: Table;
  private readonly from: Table;
  private readonly color: Table;
  private readonly state: Table;
  private readonly meta: Table;

  constructor(gl: WebGL2RenderingContext) {
    const formats = FORMATS(gl);
    this.to = new Table(gl, UNITS.u_rect_to, formats.rgba32f);
    this.from = new Table(gl, UNITS.u_rect_from, formats.rgba32f);
    this.color = new Table(gl, UNITS.u_color, formats.rgba8);
    this.state = new Table(gl, UNITS.u_state, formats.rg8);
    this.meta = new Table(gl, UNITS.u_meta, formats.rgba8ui);
  }

  writeScene(scene: Scene, from: Float32Array): void {
    this.to.write(scene.rect, scene.nItems);
    this.from.write(from, scene.nItems);
    this.meta.write(packMeta(scene), scene.nItems);
    this.writeColors(scene);
    this.writeState(scene);
  }

  writeColors(scene: Scene): void {
    this.color.write(scene.color, scene.nItems);
  }

  writeState(scene: Scene): void {
    this.state.write(interleaved(scene.selected, scene.excluded), scene.nItems);
  }

  dispose(): void {
    for (const table of [this.to, this.from, this.color, this.state, this.meta]) table.dispose();
  }
}

/** kind, flags, accent, depth. */
function packMeta(scene: Scene): Uint8Array {
  const meta = new Uint8Array(4 * scene.nItems);
  for (let item = 0; item < scene.nItems; item++) {
    const at = 4 * item;
    meta[at] = scene.kind[item];
    meta[at + 1] = scene.flags[item];
    meta[at + 2] = scene.accent[item];
    meta[at + 3] = scene.depth[item];
  }
  return meta;
}

function interleaved(a: Uint8Array, b: Uint8Array): Uint8Array {
  const made = new Uint8Array(2 * a.length);
  for (let i = 0; i < a.length; i++) {
    made[2 * i] = a[i];
    made[2 * i + 1] = b[i];
  }
  return made;
}
