// The arrow head at the end of a segment: one quad, in which the fragment shader finds a triangle.
uniform sampler2D u_segment;
flat out vec4 v_color;
flat out vec2 v_size;   // length and half width, device px
out vec2 v_p;           // back from the tip, and across, device px

const int BACK = 1;

void main() {
  uint entry = texelFetch(u_list, at(gl_VertexID / 6), 0).r;
  int segment = int(entry & 0x3fffffffu);
  int role = int(entry >> 30);
  vec4 b = texelFetch(u_segment, at(4 * segment + 1), 0);
  vec4 c = texelFetch(u_segment, at(4 * segment + 2), 0);
  int flags = int(texelFetch(u_segment, at(4 * segment + 3), 0).x);
  vec4 to = texelFetch(u_rect_to, at(int(c.y)), 0);
  vec2 tip = b.zw;
  if (view.z < 1.0) {
    vec4 from = texelFetch(u_rect_from, at(int(c.y)), 0);
    tip = mix(from.xy + (tip - to.xy) * from.zw / max(to.zw, vec2(1e-6)), tip, view.z);
  }
  vec2 tangent = b.zw - b.xy;
  if (dot(tangent, tangent) < 1e-8) tangent = b.zw - texelFetch(u_segment, at(4 * segment), 0).xy;
  if (dot(tangent, tangent) < 1e-8) tangent = vec2(0, 1);
  tangent = normalize(tangent);
  float scale = min(camera.z, 1.6) * (1.0 + 0.12 * c.w) * (role > 0 ? 1.2 : 1.0);
  vec2 size = vec2(7.5, 3.4) * scale;
  vec2 corner = corner_of(gl_VertexID % 6);
  float back = mix(-1.0, size.x + 1.0, corner.x);
  float across = mix(-1.0, 1.0, corner.y) * (size.y + 1.0);
  gl_Position = to_clip(to_view(tip) - tangent * back + vec2(-tangent.y, tangent.x) * across);
  v_p = vec2(back, across) * camera.w;
  v_size = size * camera.w;
  vec4 base = (flags & BACK) != 0 ? c_edgeBack : c_edge;
  base.a *= mix(1.0, 0.42, view.w);
  v_color = role == 1 ? c_edgeIn : role == 2 ? c_edgeOut : role == 3 ? c_hover : base;
  v_color.a *= smoothstep(0.16, 0.3, camera.z);
}
