// A run of cubic Bézier segments, each cut in `u_cuts` straight quads.
// Four texels a segment: p0 p1 | p2 p3 | source, target, edge, half width (CSS px) |
// flags, is last, 0, 0.
uniform sampler2D u_segment;
uniform int u_cuts;
uniform bool u_is_listed;   // segments come from a list that also gives each a role
flat out vec4 v_color;
flat out float v_half;      // half width, device px
flat out int v_flags;
out vec2 v_along;           // device px along the curve, and across it

const int BACK = 1;

// Where a point of the new drawing was in the old one, seen from an item that moves.
vec2 moved(vec2 p, vec4 to, vec4 from) {
  return from.xy + (p - to.xy) * from.zw / max(to.zw, vec2(1e-6));
}

vec2 shown(vec2 p, vec4 to0, vec4 from0, vec4 to1, vec4 from1) {
  float near0 = distance(p, to0.xy + 0.5 * to0.zw);
  float near1 = distance(p, to1.xy + 0.5 * to1.zw);
  float share = near0 / max(near0 + near1, 1e-6);
  vec2 old = mix(moved(p, to0, from0), moved(p, to1, from1), share);
  return mix(old, p, view.z);
}

vec4 role_color(int role, int flags) {
  if (role == 1) return c_edgeIn;
  if (role == 2) return c_edgeOut;
  if (role == 3) return c_hover;
  vec4 base = (flags & BACK) != 0 ? c_edgeBack : c_edge;
  float far = mix(0.7, 1.0, smoothstep(0.04, 0.5, camera.z));
  return vec4(base.rgb, base.a * far * mix(1.0, 0.42, view.w));
}

vec2 point(float t, vec2 p0, vec2 p1, vec2 p2, vec2 p3) {
  float u = 1.0 - t;
  return u * u * u * p0 + 3.0 * u * t * (u * p1 + t * p2) + t * t * t * p3;
}

void main() {
  int vertices = 6 * u_cuts;
  int row = gl_VertexID / vertices;
  int local = gl_VertexID % vertices;
  uint entry = u_is_listed ? texelFetch(u_list, at(row), 0).r : uint(row);
  int segment = int(entry & 0x3fffffffu);
  int role = int(entry >> 30);
  vec4 a = texelFetch(u_segment, at(4 * segment), 0);
  vec4 b = texelFetch(u_segment, at(4 * segment + 1), 0);
  vec4 c = texelFetch(u_segment, at(4 * segment + 2), 0);
  vec4 e = texelFetch(u_segment, at(4 * segment + 3), 0);
  vec2 p0 = a.xy, p1 = a.zw, p2 = b.xy, p3 = b.zw;
  if (view.z < 1.0) {
    vec4 to0 = texelFetch(u_rect_to, at(int(c.x)), 0), from0 = texelFetch(u_rect_from, at(int(c.x)), 0);
    vec4 to1 = texelFetch(u_rect_to, at(int(c.y)), 0), from1 = texelFetch(u_rect_from, at(int(c.y)), 0);
    p0 = shown(p0, to0, from0, to1, from1);
    p1 = shown(p1, to0, from0, to1, from1);
    p2 = shown(p2, to0, from0, to1, from1);
    p3 = shown(p3, to0, from0, to1, from1);
  }
  p0 = to_view(p0); p1 = to_view(p1); p2 = to_view(p2); p3 = to_view(p3);
  vec2 corner = corner_of(local % 6);
  float t = (float(local / 6) + corner.x) / float(u_cuts);
  vec2 p = point(t, p0, p1, p2, p3);
  // The direction of the pieces on both sides: that of the curve would turn a quad inside out
  // where one piece spans a bend.
  float h = 1.0 / float(u_cuts);
  vec2 tangent = point(min(t + h, 1.0), p0, p1, p2, p3) - point(max(t - h, 0.0), p0, p1, p2, p3);
  if (dot(tangent, tangent) < 1e-8) tangent = vec2(0, 1);
  tangent = normalize(tangent);
  float side = 2.0 * corner.y - 1.0;
  float width = c.w * clamp(camera.z * 1.3, 0.75, 1.25) + (role > 0 ? 0.45 : 0.0);
  float reach = width + 1.0 / camera.w;
  gl_Position = to_clip(p + vec2(-tangent.y, tangent.x) * side * reach);
  v_along = vec2(t * distance(p0, p3), side * reach) * camera.w;
  v_half = width * camera.w;
  v_flags = int(e.x);
  v_color = role_color(role, v_flags);
}
