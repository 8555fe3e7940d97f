// Shares of categories along the lower edge of collapsed groups.
// Table: one texel a strip (uint32 x 4, unit u_strip): item; parts 0-3; parts 4-7; part 8. A part
// is a byte, the shares of a strip are 255 together.
import type { Sources } from "../../gl/program";
import type { Scene } from "../../scene";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const strip: Sources = { name: "strip", vertex, fragment };

export const N_PARTS = 9;
const CHANNELS = 4;

export function packStrips(scene: Scene): Uint32Array {
  const { stripItem, stripParts } = scene;
  const rows = new Uint32Array(CHANNELS * stripItem.length);
  stripItem.forEach((item, i) => {
    rows[CHANNELS * i] = item;
    for (let part = 0; part < N_PARTS; part++) {
      rows[CHANNELS * i + 1 + (part >> 2)] |= stripParts[N_PARTS * i + part] << (8 * (part & 3));
    }
  });
  return rows;
}

/** The colours as `uniform vec4[9]` takes them: 0..1. */
export function stripColors(scene: Scene): Float32Array {
  return Float32Array.from(scene.stripColor, (channel) => channel / 255);
}
