uniform vec4 u_strip_color[9];
flat in vec4 v_shape;
flat in vec2 v_range;
flat in float v_kept;
flat in vec4 v_edges[2];
in vec2 v_p;
out vec4 color;

void main() {
  float x = v_p.x + v_shape.x;
  float before = 0.0;
  vec4 made = vec4(0);
  for (int i = 0; i < 9; i++) {
    float edge = i < 8 ? v_edges[i >> 2][i & 3] : 2.0 * v_shape.x;
    if (edge > before + 1e-3) {
      made = before == 0.0 ? u_strip_color[i] : mix(made, u_strip_color[i], cover(before - x));
    }
    before = edge;
  }
  float inside = cover(round_box(v_p, v_shape.xy, v_shape.z) + v_shape.w);
  float between = cover(v_range.x - v_p.y) * cover(v_p.y - v_range.y);
  color = ink(made, inside * between) * v_kept;
}
