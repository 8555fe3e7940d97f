// The strip of a collapsed group: a quad on the lower edge of its box.
uniform usampler2D u_strip;
flat out vec4 v_shape;    // half width, half height, radius of the box; how far the strip is inset
flat out vec2 v_range;    // upper and lower edge of the strip
flat out float v_kept;
flat out vec4 v_edges[2]; // right edges of parts 0-7 from the box's left; the last ends at the right
out vec2 v_p;             // device px from the box's centre

const int N_PARTS = 9;
const float HEIGHT = 5.0;    // world
const float LEAST_PX = 3.0;  // device px
const float BAR = 4.0;       // world; of the mark of a part that is selected, in programs/node

float part_of(uvec4 row, int i) {
  return float((row[1 + (i >> 2)] >> uint(8 * (i & 3))) & 255u) / 255.0;
}

// What occurs at all is wide enough to be seen; the rest of the width goes by the shares.
void lay_out(uvec4 row, float width) {
  float n = 0.0;
  for (int i = 0; i < N_PARTS; i++) n += step(1e-4, part_of(row, i));
  float least = min(1.5 * camera.w, 0.5 * width / max(n, 1.0));
  float edge = 0.0;
  for (int i = 0; i < N_PARTS - 1; i++) {
    float share = part_of(row, i);
    if (share > 0.0) edge += least + share * (width - n * least);
    v_edges[i >> 2][i & 3] = edge;
  }
}

void main() {
  uvec4 row = texelFetch(u_strip, at(gl_VertexID / 6), 0);
  int item = int(row.x);
  vec4 rect = item_rect(item);
  vec2 state = texelFetch(u_state, at(item), 0).rg;
  float scale = camera.z * camera.w;
  vec2 half_size = 0.5 * max(rect.zw, vec2(1.6 / camera.z)) * scale;  // as programs/node has it
  float height = min(max(HEIGHT * scale, LEAST_PX), 2.0 * half_size.y);
  bool is_part = state.r > 0.0 && state.r < 0.999;
  float raised = is_part ? max(BAR * scale, 2.0 * camera.w) : 0.0;
  float lower = half_size.y - min(raised, 2.0 * half_size.y - height);
  float most = min(half_size.x, half_size.y);
  v_shape = vec4(half_size, min(6.0 * scale, most), camera.w * smoothstep(2.0, 6.0, most / camera.w));
  v_range = vec2(lower - height, lower);
  v_kept = kept(state.g);
  lay_out(row, 2.0 * half_size.x);
  vec2 corner = corner_of(gl_VertexID % 6);
  v_p = vec2(mix(-half_size.x, half_size.x, corner.x), mix(v_range.x - 1.0, v_range.y + 1.0, corner.y));
  gl_Position = to_clip(to_view(rect.xy + 0.5 * rect.zw + v_p / scale));
}
