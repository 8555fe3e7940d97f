// Labels: one quad a glyph. Table: three texels a glyph (see vertex.glsl), written by labels/plan.ts.
import type { Sources } from "../../gl/program";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const label: Sources = { name: "label", vertex, fragment };
export const TEXELS_A_GLYPH = 3;
