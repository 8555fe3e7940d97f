// Shared by all programs. Spaces: world (layout units), view (CSS px), device (physical px).
layout(std140) uniform Frame {
  vec4 camera;   // x, y of the centre (world), zoom (CSS px a world unit), device px a CSS px
  vec4 view;     // width, height (CSS px), progress of the animation 0..1, 1 while edges are faded
  vec4 marks;    // hovered item, focused item (-1: none), 1 if the canvas has the focus, 0
  THEME_FIELDS
};
uniform sampler2D u_rect_to;
uniform sampler2D u_rect_from;
uniform sampler2D u_color;
uniform sampler2D u_state;
uniform usampler2D u_meta;
uniform usampler2D u_list;

const int KIND_INPUT = 1;
const int KIND_OUTPUT = 2;
const int KIND_CONSTANT = 3;
const int KIND_COLLAPSED = 4;
const int KIND_EXPANDED = 5;
const float HEADER = 26.0;  // world height of a group's title bar

ivec2 at(int i) { return ivec2(i & 2047, i >> 11); }

// x, y, width, height in the world, on the way from the old drawing to the new.
vec4 item_rect(int item) {
  vec4 to = texelFetch(u_rect_to, at(item), 0);
  return view.z >= 1.0 ? to : mix(texelFetch(u_rect_from, at(item), 0), to, view.z);
}

vec2 corner_of(int vertex) {
  return vec2(vertex == 1 || vertex == 4 || vertex == 5, vertex == 2 || vertex == 3 || vertex == 5);
}

vec2 to_view(vec2 world) { return (world - camera.xy) * camera.z + 0.5 * view.xy; }

vec4 to_clip(vec2 view_px) {
  return vec4(2.0 * view_px.x / view.x - 1.0, 1.0 - 2.0 * view_px.y / view.y, 0.0, 1.0);
}

float round_box(vec2 p, vec2 half_size, float radius) {
  vec2 q = abs(p) - half_size + radius;
  return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - radius;
}

float cover(float distance_px) { return clamp(0.5 - distance_px, 0.0, 1.0); }

// Premultiplied `top` over `under`.
vec4 over(vec4 top, vec4 under) { return top + under * (1.0 - top.a); }
vec4 ink(vec4 color, float coverage) { return vec4(color.rgb, 1.0) * (color.a * coverage); }

float luminance(vec3 srgb) { return dot(pow(srgb, vec3(2.2)), vec3(0.2126, 0.7152, 0.0722)); }

// Dark or white text, whichever reads better on `fill`.
vec3 ink_on(vec3 fill) { return luminance(fill) > 0.32 ? c_textOnLight.rgb : c_textOnDark.rgb; }

// What remains of an item of which a filter excludes a share.
float kept(float excluded) { return 1.0 - 0.72 * excluded; }

vec4 group_fill(float depth) {
  return mix(c_groupNear, c_groupDeep, 1.0 - exp(-0.33 * depth));
}
