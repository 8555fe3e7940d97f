flat in vec4 v_color;
flat in vec2 v_size;
in vec2 v_p;
out vec4 color;

void main() {
  float slope = v_size.y / v_size.x;
  float to_side = (abs(v_p.y) - v_p.x * slope) / sqrt(1.0 + slope * slope);
  color = ink(v_color, cover(max(to_side, v_p.x - v_size.x)));
}
