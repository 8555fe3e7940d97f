// Tables of records in textures, read in shaders by `texelFetch` at (i & 2047, i >> 11).

export const TABLE_WIDTH = 2048;

export interface Format {
  internal: number;
  format: number;
  type: number;
  channels: number;
}

type Gl = WebGL2RenderingContext;
type Values = Float32Array | Uint8Array | Uint32Array;

export const FORMATS = (gl: Gl) => ({
  rgba32f: { internal: gl.RGBA32F, format: gl.RGBA, type: gl.FLOAT, channels: 4 },
  rgba8: { internal: gl.RGBA8, format: gl.RGBA, type: gl.UNSIGNED_BYTE, channels: 4 },
  rg8: { internal: gl.RG8, format: gl.RG, type: gl.UNSIGNED_BYTE, channels: 2 },
  rgba8ui: { internal: gl.RGBA8UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_BYTE, channels: 4 },
  rgba32ui: { internal: gl.RGBA32UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_INT, channels: 4 },
  r32ui: { internal: gl.R32UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_INT, channels: 1 },
});

/** A table on one texture unit; it grows when more rows come. */
export class Table {
  private readonly texture: WebGLTexture;
  private height = 0;

  constructor(
    private readonly gl: Gl,
    private readonly unit: number,
    private readonly format: Format,
  ) {
    this.texture = gl.createTexture();
  }

  bind(): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + this.unit);
    this.gl.bindTexture(this.gl.TEXTURE_2D, this.texture);
  }

  /** Writes `nTexels` records. `values` may be longer than they are. */
  write(values: Values, nTexels: number): void {
    const { gl, format } = this;
    this.bind();
    this.reserve(Math.max(1, Math.ceil(nTexels / TABLE_WIDTH)));
    const rows = Math.floor(nTexels / TABLE_WIDTH);
    const put = (y: number, width: number, height: number) => {
      if (width * height === 0) return;
      const start = y * TABLE_WIDTH * format.channels;
      gl.texSubImage2D(
        gl.TEXTURE_2D,
        0,
        0,
        y,
        width,
        height,
        format.format,
        format.type,
        values,
        start,
      );
    };
    put(0, TABLE_WIDTH, rows);
    put(rows, nTexels % TABLE_WIDTH, 1);
  }

  dispose(): void {
    this.gl.deleteTexture(this.texture);
  }

  private reserve(height: number): void {
    const { gl, format } = this;
    if (height <= this.height) return;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    if (height > most) throw new Error(`The drawing needs ${height} rows, WebGL has ${most}`);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      format.internal,
      TABLE_WIDTH,
      height,
      0,
      format.format,
      format.type,
      null,
    );
    setNearest(gl);
    this.height = height;
  }
}

export function setNearest(gl: Gl): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
}

export function setLinear(gl: Gl): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
}
