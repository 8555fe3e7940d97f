// Compiling shaders. An error says which program and what the driver answered.
import { THEME_GLSL } from "../theme";
import common from "./common.glsl";

export const FRAME_BINDING = 0;

/** Texture units: each table has its own for the life of a context. */
export const UNITS = {
  u_rect_to: 0,
  u_rect_from: 1,
  u_color: 2,
  u_state: 3,
  u_meta: 4,
  u_list: 5,
  u_segment: 6,
  u_strip: 7,
  u_label: 8,
  u_sdf: 9,
  u_bitmap: 10,
  u_glyph: 11,
} as const;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;
${common.replace("THEME_FIELDS", THEME_GLSL)}`;

export interface Sources {
  name: string;
  vertex: string;
  fragment: string;
}

export interface Program {
  handle: WebGLProgram;
  uniform(name: string): WebGLUniformLocation | null;
}

export function compile(gl: WebGL2RenderingContext, { name, vertex, fragment }: Sources): Program {
  const handle = gl.createProgram();
  const shaders = [
    shader(gl, gl.VERTEX_SHADER, HEAD + vertex),
    shader(gl, gl.FRAGMENT_SHADER, HEAD + fragment),
  ];
  for (const each of shaders) gl.attachShader(handle, each);
  gl.linkProgram(handle);
  if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = [
      ...shaders.map((each) => gl.getShaderInfoLog(each)),
      gl.getProgramInfoLog(handle),
    ];
    throw new Error(`WebGL program "${name}": ${logs.filter(Boolean).join("\n")}`);
  }
  for (const each of shaders) gl.deleteShader(each);
  bindInputs(gl, handle);
  const known = new Map<string, WebGLUniformLocation | null>();
  const uniform = (wanted: string) => {
    if (!known.has(wanted)) known.set(wanted, gl.getUniformLocation(handle, wanted));
    return known.get(wanted) ?? null;
  };
  return { handle, uniform };
}

function shader(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const made = gl.createShader(type);
  if (!made) throw new Error("WebGL refuses to make a shader");
  gl.shaderSource(made, source);
  gl.compileShader(made);
  return made;
}

function bindInputs(gl: WebGL2RenderingContext, handle: WebGLProgram): void {
  const block = gl.getUniformBlockIndex(handle, "Frame");
  if (block !== gl.INVALID_INDEX) gl.uniformBlockBinding(handle, block, FRAME_BINDING);
  gl.useProgram(handle);
  for (const [name, unit] of Object.entries(UNITS)) {
    const location = gl.getUniformLocation(handle, name);
    if (location) gl.uniform1i(location, unit);
  }
}
