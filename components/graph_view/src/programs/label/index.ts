// Labels: one quad a glyph. Tables: one texel a glyph drawn, written by labels/plan.ts, and two a
// glyph known, written by labels/atlas.ts (see vertex.glsl).
import type { Sources } from "../../gl/program";
import fragment from "./fragment.glsl";
import vertex from "./vertex.glsl";

export const label: Sources = { name: "label", vertex, fragment };
