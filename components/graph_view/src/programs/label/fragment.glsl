uniform sampler2D u_sdf;
uniform sampler2D u_bitmap;
flat in vec4 v_color;
flat in vec4 v_halo;
flat in int v_source;
flat in float v_sharp;
in vec2 v_uv;
out vec4 color;

void main() {
  if (v_source == 0) {
    float d = texture(u_sdf, v_uv).r - 0.75;   // tiny-sdf: the outline is at 1 - cutoff
    float letter = clamp(d * v_sharp + 0.5, 0.0, 1.0);
    float halo = clamp((d + 0.42) * v_sharp * 0.5 + 0.5, 0.0, 1.0);
    color = over(ink(v_color, letter), ink(v_halo, halo * v_color.a));
  } else {
    vec4 texel = texture(u_bitmap, v_uv);      // premultiplied
    color = v_source == 1 ? ink(v_color, texel.a) : texel * v_color.a;
  }
}
