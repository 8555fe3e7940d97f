flat in vec4 v_shape;
flat in vec4 v_fill;
flat in vec4 v_border;
flat in vec4 v_accent;
flat in vec4 v_marks;
flat in vec3 v_ink;
flat in ivec2 v_what;
in vec2 v_p;
out vec4 color;

const int HAS_SUBGRAPH = 1;

// The handle that expands: a small square with a plus.
vec4 handle(vec2 p, float s) {
  vec4 line = vec4(v_ink, 1.0);
  float d = round_box(p, vec2(6.5 * s), 3.5 * s);
  float bars = min(
    round_box(p, vec2(3.2 * s, 0.7 * s), 0.5 * s),
    round_box(p, vec2(0.7 * s, 3.2 * s), 0.5 * s));
  return over(ink(line, cover(bars)), ink(vec4(line.rgb, 0.13), cover(d)));
}

// The badge of a node that calls another graph: a small box in a box, on the lower right corner.
vec4 subgraph_badge(vec2 p, float s, float px) {
  float disc = length(p) - 8.0 * s;
  vec4 made = ink(kind_fill[KIND_COLLAPSED], cover(disc));
  made = over(ink(kind_border[KIND_COLLAPSED], cover(abs(disc + 0.5 * px) - 0.5 * px)), made);
  float outer = abs(round_box(p, vec2(3.6 * s), 1.2 * s)) - 0.5 * s;
  float inner = round_box(p - vec2(0.8 * s), vec2(1.4 * s), 0.5 * s);
  return over(ink(kind_title[KIND_COLLAPSED], cover(min(outer, inner))), made);
}

vec4 stack(float s, float px) {
  vec4 made = vec4(0);
  for (int i = 2; i >= 1; i--) {
    float off = 3.0 * float(i) * s;
    float d = round_box(v_p - vec2(off), v_shape.xy, v_shape.z);
    vec4 fill = mix(v_fill, c_page, 0.25 * float(i));
    made = over(ink(fill, cover(d)), made);
    made = over(ink(v_border, cover(abs(d + 0.5 * px) - 0.5 * px) * 0.8), made);
  }
  return made;
}

void main() {
  float s = v_shape.w;
  float px = camera.w;
  vec2 half_size = v_shape.xy;
  float d = round_box(v_p, half_size, v_shape.z);
  float near = smoothstep(0.28, 0.6, camera.z);  // what is only worth drawing close by
  bool is_group = v_what.x == KIND_COLLAPSED;
  if (near == 0.0 && !is_group && v_marks.x + v_marks.y + v_marks.z == 0.0) {
    vec4 line = mix(v_fill, v_border, smoothstep(2.0, 6.0, min(half_size.x, half_size.y) / px));
    vec4 body = mix(line, v_fill, cover(d + px));
    body = over(ink(v_accent, cover(v_p.x + half_size.x - 4.0 * s)), body);
    color = body * (cover(d) * v_marks.w);
    return;
  }
  vec4 made = vec4(0);
  if (near > 0.0 && v_what.x != KIND_CONSTANT) {
    float reach = round_box(v_p - vec2(0.0, 1.5 * px), half_size, v_shape.z);
    made = ink(c_shadow, near * (1.0 - smoothstep(-2.0 * px, 5.0 * px, reach)));
  }
  if (is_group && s > 0.15 * px) made = over(stack(s, px), made);
  float inside = cover(d);
  made = over(ink(v_fill, inside), made);
  float stripe = cover(v_p.x + half_size.x - 4.0 * s) * inside;
  made = over(ink(v_accent, stripe), made);
  float share = v_marks.x;
  bool is_part = share > 0.0 && share < 0.999;
  if (is_part) {
    float bar = cover(half_size.y - v_p.y - max(4.0 * s, 2.0 * px)) * inside;
    float filled = cover(v_p.x + half_size.x - max(2.0 * share * half_size.x, 3.0 * s));
    made = over(ink(mix(vec4(c_page.rgb, 0.8), c_select, filled), bar), made);
  }
  float border_shown = smoothstep(2.0, 6.0, min(half_size.x, half_size.y) / px);
  vec4 line = v_marks.y > 0.5 ? c_hover : v_border;
  made = over(ink(line, cover(abs(d + 0.5 * px) - 0.5 * px) * border_shown), made);
  if (near > 0.0) {
    if (is_group) {
      made = over(handle(v_p - vec2(-half_size.x + 14.0 * s, 0.0), s) * near, made);
    }
  }
  float ring_width = share >= 0.999 ? 1.25 : (is_part ? 0.6 : 0.0);
  if (ring_width > 0.0) {
    float ring = cover(abs(d - 0.75 * px) - ring_width * px);
    float glow = step(0.999, share) * (1.0 - smoothstep(0.0, 6.0 * px, d)) * step(0.0, d);
    made = over(ink(c_select, max(ring, 0.28 * glow)), made);
  }
  float focus = cover(abs(d - 4.0 * px) - 0.7 * px) * v_marks.z * marks.z;
  made = over(ink(c_select, focus), made);
  if (near > 0.0 && (v_what.y & HAS_SUBGRAPH) != 0) {
    made = over(subgraph_badge(v_p - half_size + vec2(3.0, 2.0) * s, s, px) * near, made);
  }
  color = made * v_marks.w;
}
