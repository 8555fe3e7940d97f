// One glyph of a label. A texel a glyph: item, style, row in the glyph table, pen (em from the
// anchor). style = role + 4 * has a partner line. Two texels a row of the glyph table: x, y,
// width, height (em) | u, v, width, height (texels), the source in the sign and size of u.
uniform sampler2D u_label;
uniform sampler2D u_glyph;
uniform vec2 u_atlas_px;   // side of the SDF atlas, side of the bitmap atlas
flat out vec4 v_color;
flat out vec4 v_halo;
flat out int v_source;
flat out float v_sharp;    // device px a distance of 1 in the SDF
out vec2 v_uv;

const int DETAIL = 1;
const int GROUP_TITLE = 2;
const float TITLE_PX = 12.5, SMALL_TITLE_PX = 11.0, DETAIL_PX = 10.5;
const float TITLE_SHIFT = -7.5, DETAIL_SHIFT = 8.0;   // world, from the box's middle
const float LEAST_GROUP_PX = 11.0;
const float SDF_EM = 32.0, SDF_RADIUS = 8.0;
const float SOURCE_STEP = 65536.0;

void main() {
  vec4 entry = texelFetch(u_label, at(gl_VertexID / 6), 0);
  int item = int(entry.x);
  int role = int(entry.y) & 3;
  bool has_partner = int(entry.y) >= 4;
  vec4 box = texelFetch(u_glyph, at(2 * int(entry.z)), 0);
  vec4 place = texelFetch(u_glyph, at(2 * int(entry.z) + 1), 0);
  v_source = int(place.x / SOURCE_STEP);
  place.x -= float(v_source) * SOURCE_STEP;
  vec4 rect = item_rect(item);
  uvec4 meta = texelFetch(u_meta, at(item), 0);
  int kind = int(meta.x);
  // While a box grows out of its group, its text grows with it.
  float grown = min(rect.z / max(texelFetch(u_rect_to, at(item), 0).z, 1e-6), 1.0);
  float size = role == DETAIL ? DETAIL_PX : kind == KIND_CONSTANT ? SMALL_TITLE_PX : TITLE_PX;
  float font_px = size * camera.z * grown;
  vec2 anchor;
  if (role == GROUP_TITLE) {
    font_px = max(font_px, LEAST_GROUP_PX);
    // labels/plan.ts cuts titles with the same two sums.
    anchor = to_view(rect.xy) + vec2(
      max(26.0 * camera.z, 7.0), max(0.5 * HEADER * camera.z, 0.5 * LEAST_GROUP_PX + 4.0));
  } else {
    // As the second line fades, the title moves into the middle.
    float with_detail = smoothstep(5.6, 7.4, DETAIL_PX * camera.z * grown);
    float shift = !has_partner ? 0.0 : role == DETAIL ? DETAIL_SHIFT : TITLE_SHIFT * with_detail;
    anchor = to_view(rect.xy + vec2(0.5 * rect.z, 0.5 * rect.w + shift * grown));
  }
  vec2 corner = corner_of(gl_VertexID % 6);
  gl_Position = to_clip(anchor + (vec2(entry.w, 0) + box.xy + corner * box.zw) * font_px);
  v_uv = (place.xy + corner * place.zw) / (v_source == 0 ? u_atlas_px.x : u_atlas_px.y);
  v_sharp = SDF_RADIUS * font_px * camera.w / SDF_EM;

  vec2 state = texelFetch(u_state, at(item), 0).rg;
  vec4 overlay = texelFetch(u_color, at(item), 0);
  vec4 text = role == DETAIL ? kind_detail[kind] : kind_title[kind];
  if (overlay.a > 0.0 && kind != KIND_EXPANDED) {
    text = vec4(ink_on(overlay.rgb), role == DETAIL ? 0.82 : 1.0);
  }
  float fade = role == GROUP_TITLE ? 1.0
    : role == DETAIL ? smoothstep(5.6, 7.4, font_px) : smoothstep(4.8, 6.6, font_px);
  v_color = text * vec4(1, 1, 1, fade * kept(state.g));
  // Titles of groups lie over edges, and far away over the group's contents.
  vec3 header = mix(group_fill(float(meta.w)).rgb, c_header.rgb, c_header.a);
  v_halo = vec4(header, role == GROUP_TITLE ? 0.85 : 0.0);
}
