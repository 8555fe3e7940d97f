// A node or a collapsed group: a quad around its box, its shadow, its stack and its rings.
flat out vec4 v_shape;    // half width, half height, radius, device px a world unit
flat out vec4 v_fill;
flat out vec4 v_border;
flat out vec4 v_accent;
flat out vec4 v_marks;    // selected share, hovered, focused, kept
flat out vec3 v_ink;      // of the handle
flat out ivec2 v_what;    // kind, flags
out vec2 v_p;             // device px from the box's centre

const float NEAR_ZOOM = 0.28;
const float NO_ACCENT = 255.0;

void main() {
  int item = int(texelFetch(u_list, at(gl_VertexID / 6), 0).r);
  vec4 rect = item_rect(item);
  uvec4 meta = texelFetch(u_meta, at(item), 0);
  vec2 state = texelFetch(u_state, at(item), 0).rg;
  vec4 overlay = texelFetch(u_color, at(item), 0);
  int kind = int(meta.x);
  float scale = camera.z * camera.w;
  // However far away, a node stays a speck that can be seen.
  vec2 centre = rect.xy + 0.5 * rect.zw;
  vec2 size = max(rect.zw, vec2(1.6 / camera.z));
  bool is_marked = state.r > 0.0 || item == int(marks.x) || item == int(marks.y);
  bool is_near = camera.z > NEAR_ZOOM;
  // Room for rings, shadow, stack and badge, but none where none is drawn: far away there are
  // tens of thousands of boxes, and the border of each would be larger than the box.
  float pad = (is_marked || is_near ? 7.0 : 1.0) / camera.z;
  if (kind == KIND_COLLAPSED || meta.y != 0u) pad += 6.0;
  vec2 corner = corner_of(gl_VertexID % 6) - 0.5;
  vec2 away = corner * (size + 2.0 * pad);
  gl_Position = to_clip(to_view(centre + away));
  v_p = away * scale;
  vec2 half_size = 0.5 * size * scale;
  float most = min(half_size.x, half_size.y);
  bool is_pill = kind == KIND_INPUT || kind == KIND_OUTPUT;
  float radius = is_pill ? most : min((kind == KIND_CONSTANT ? 4.0 : 6.0) * scale, most);
  v_shape = vec4(half_size, radius, scale);
  v_fill = overlay.a > 0.0 ? vec4(overlay.rgb, 1.0) : kind_fill[kind];
  // An overlaid node keeps a border of its own colour, darker or lighter than the fill.
  v_border = overlay.a > 0.0
    ? vec4(mix(overlay.rgb, luminance(c_page.rgb) > 0.5 ? vec3(0) : vec3(1), 0.28), 1.0)
    : kind_border[kind];
  v_accent = float(meta.z) == NO_ACCENT ? vec4(0) : accents[min(int(meta.z), 15)];
  // Far away the stripe and the border are gone: the box takes their colours to stand out.
  float far = smoothstep(11.0, 3.0, rect.w * camera.z);
  if (overlay.a == 0.0) v_fill = mix(v_fill, v_accent.a > 0.0 ? v_accent : v_border, 0.7 * far);
  v_marks = vec4(state.r, item == int(marks.x), item == int(marks.y), kept(state.g));
  v_ink = ink_on(v_fill.rgb);
  v_what = ivec2(kind, int(meta.y));
}
