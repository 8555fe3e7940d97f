flat in vec4 v_color;
flat in float v_half;
flat in int v_flags;
in vec2 v_along;
out vec4 color;

const int CONTROL = 2;

void main() {
  float inside = clamp(v_half + 0.5 - abs(v_along.y), 0.0, 1.0);
  if ((v_flags & CONTROL) != 0) {
    float dash = abs(fract(v_along.x / (8.0 * camera.w)) - 0.5) * 8.0 * camera.w;
    inside *= clamp(dash - 1.2 * camera.w, 0.0, 1.0);
  }
  color = ink(v_color, inside);
}
