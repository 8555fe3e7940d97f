// One glyph of a label. Three texels: item, style, x, y (em) | width, height (em), u, v (texels) |
// width, height in the atlas (texels), font size and shift of the line (world).
// style = role + 4 * source: roles title, detail, group title; sources SDF, tinted or coloured bitmap.
uniform sampler2D u_glyph;
uniform vec2 u_atlas_px;   // side of the SDF atlas, side of the bitmap atlas
flat out vec4 v_color;
flat out vec4 v_halo;
flat out int v_source;
flat out float v_sharp;    // device px a distance of 1 in the SDF
out vec2 v_uv;

const int GROUP_TITLE = 2;
const float LEAST_GROUP_PX = 11.0;
const float SDF_EM = 32.0, SDF_RADIUS = 8.0;

void main() {
  int glyph = gl_VertexID / 6;
  vec4 a = texelFetch(u_glyph, at(3 * glyph), 0);
  vec4 b = texelFetch(u_glyph, at(3 * glyph + 1), 0);
  vec4 c = texelFetch(u_glyph, at(3 * glyph + 2), 0);
  int item = int(a.x);
  int role = int(a.y) & 3;
  v_source = int(a.y) >> 2;
  vec4 rect = item_rect(item);
  // While a box grows out of its group, its text grows with it.
  float grown = min(rect.z / max(texelFetch(u_rect_to, at(item), 0).z, 1e-6), 1.0);
  float font_px = c.z * camera.z * grown;
  vec2 anchor;
  if (role == GROUP_TITLE) {
    font_px = max(font_px, LEAST_GROUP_PX);
    // Plan.ts cuts titles with the same two sums.
    anchor = to_view(rect.xy) + vec2(
      max(26.0 * camera.z, 7.0), max(0.5 * HEADER * camera.z, 0.5 * LEAST_GROUP_PX + 4.0));
  } else {
    anchor = to_view(rect.xy + vec2(0.5 * rect.z, 0.5 * rect.w + c.w * grown));
  }
  vec2 corner = corner_of(gl_VertexID % 6);
  vec2 position = anchor + (a.zw + corner * b.xy) * font_px;
  gl_Position = to_clip(position);
  v_uv = (b.zw + corner * c.xy) / (v_source == 0 ? u_atlas_px.x : u_atlas_px.y);
  v_sharp = SDF_RADIUS * font_px * camera.w / SDF_EM;

  uvec4 meta = texelFetch(u_meta, at(item), 0);
  vec2 state = texelFetch(u_state, at(item), 0).rg;
  vec4 overlay = texelFetch(u_color, at(item), 0);
  int kind = int(meta.x);
  vec4 text = role == 1 ? kind_detail[kind] : kind_title[kind];
  if (overlay.a > 0.0 && kind != KIND_EXPANDED) {
    vec3 on = luminance(overlay.rgb) > 0.32 ? c_textOnLight.rgb : c_textOnDark.rgb;
    text = vec4(on, role == 1 ? 0.82 : 1.0);
  }
  float fade = role == GROUP_TITLE ? 1.0
    : role == 1 ? smoothstep(5.6, 7.4, font_px) : smoothstep(4.8, 6.6, font_px);
  v_color = text * vec4(1, 1, 1, fade * kept(state.g));
  // Titles of far groups lie over the group's contents.
  float is_far = role == GROUP_TITLE ? smoothstep(0.86, 0.7, camera.z) : 0.0;
  v_halo = vec4(group_fill(float(meta.w)).rgb, 0.92 * is_far);
}
