// An expanded group: a quad around its box.
flat out vec4 v_shape;   // half width, half height, radius, device px a world unit
flat out vec4 v_fill;
flat out vec4 v_border;
flat out vec4 v_overlay;
flat out vec4 v_marks;   // selected share, hovered, focused, kept
out vec2 v_p;            // device px from the box's centre

void main() {
  int item = int(texelFetch(u_list, at(gl_VertexID / 6), 0).r);
  vec4 rect = item_rect(item);
  uvec4 meta = texelFetch(u_meta, at(item), 0);
  vec2 state = texelFetch(u_state, at(item), 0).rg;
  float scale = camera.z * camera.w;
  float pad = 4.0 / camera.z;
  vec2 size = rect.zw * scale;
  vec2 corner = corner_of(gl_VertexID % 6);
  vec2 world = mix(rect.xy - pad, rect.xy + rect.zw + pad, corner);
  gl_Position = to_clip(to_view(world));
  v_p = (world - rect.xy - 0.5 * rect.zw) * scale;
  float radius = min(min(8.0 * scale, 0.5 * min(size.x, size.y)), 14.0 * camera.w);
  v_shape = vec4(0.5 * size, radius, scale);
  v_fill = group_fill(float(meta.w));
  v_border = kind_border[KIND_EXPANDED];
  v_overlay = texelFetch(u_color, at(item), 0);
  v_marks = vec4(state.r, item == int(marks.x), item == int(marks.y), kept(state.g));
}
