flat in vec4 v_shape;
flat in vec4 v_fill;
flat in vec4 v_border;
flat in vec4 v_overlay;
flat in vec4 v_marks;
in vec2 v_p;
out vec4 color;

// The handle that collapses: a small square with a minus.
vec4 handle(vec2 p, float s) {
  float d = round_box(p, vec2(6.5 * s), 3.5 * s);
  vec4 made = ink(vec4(kind_title[KIND_EXPANDED].rgb, 0.14), cover(d));
  float bar = round_box(p, vec2(3.2 * s, 0.7 * s), 0.5 * s);
  return over(ink(kind_title[KIND_EXPANDED], cover(bar)), made);
}

void main() {
  float s = v_shape.w;
  float px = camera.w;
  float d = round_box(v_p, v_shape.xy, v_shape.z);
  vec4 made = ink(v_fill, cover(d));
  float from_top = v_p.y + v_shape.y;
  float header_shown = smoothstep(5.0 * px, 12.0 * px, HEADER * s);
  float in_header = cover(from_top - HEADER * s) * cover(d) * header_shown;
  made = over(ink(c_header, in_header), made);
  float strip = cover(from_top - max(3.0 * s, px)) * cover(d);
  made = over(ink(v_overlay, strip), made);
  vec2 handle_at = vec2(-v_shape.x + 14.0 * s, -v_shape.y + 0.5 * HEADER * s);
  made = over(handle(v_p - handle_at, s) * header_shown, made);
  vec4 line = v_marks.y > 0.5 ? c_hover : v_border;
  float border = cover(abs(d + 0.5 * px) - 0.5 * px);
  made = over(ink(line, border), made);
  float is_selected = step(0.999, v_marks.x);
  float ring = cover(abs(d - 0.5 * px) - 1.0 * px);
  made = over(ink(c_select, ring * is_selected), made);
  float focus = cover(abs(d - 2.5 * px) - 0.6 * px) * v_marks.z * marks.z;
  made = over(ink(c_select, focus), made);
  color = made * mix(1.0, v_marks.w, 0.6);
}
