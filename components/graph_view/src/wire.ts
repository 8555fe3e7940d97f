// A block of bytes from Python, taken apart (docs/wire_format.md). Twin of wire.py and block.py.
// Knows columns, not what they mean: that is scene.ts.

export type Column = Uint8Array | Uint32Array | Int32Array | Float32Array;

export interface Block {
  kind: string;
  columns: Map<string, Column>;
  scalars: Record<string, unknown>;
}

const MAGIC = 0x4353504f; // "OPSC", read little-endian
const VERSION = 2;
const PREFIX_BYTES = 16;
const ALIGNMENT_BYTES = 8;
const MAX_HEADER_BYTES = 1_000_000;
const READERS = { u1: Uint8Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array } as const;

/** Takes a block apart. Columns are views of its bytes. Throws where it is not a block. */
export function unpack(bytes: ArrayBuffer): Block {
  const header = readHeader(bytes);
  const { kind, columns, ...scalars } = header;
  if (typeof kind !== "string" || !Array.isArray(columns)) {
    throw new Error("Wire format: a header without kind or columns");
  }
  return { kind, scalars, columns: new Map(columns.map((entry) => readColumn(bytes, entry))) };
}

function readHeader(bytes: ArrayBuffer): Record<string, unknown> {
  if (bytes.byteLength < PREFIX_BYTES) throw new Error("Wire format: a block of under 16 bytes");
  const view = new DataView(bytes);
  const version = view.getUint32(4, true);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("Wire format: not a block");
  if (version !== VERSION) {
    throw new Error(`Wire format: expected version ${VERSION}, got ${version}. Reload the page.`);
  }
  const length = view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES || PREFIX_BYTES + length > bytes.byteLength) {
    throw new Error(`Wire format: a header of ${length} bytes does not fit its block`);
  }
  return JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, PREFIX_BYTES, length)));
}

function readColumn(bytes: ArrayBuffer, entry: unknown): [string, Column] {
  const [name, dtype, shape, offset, nBytes] = entry as [string, string, number[], number, number];
  const Reader = READERS[dtype as keyof typeof READERS];
  const count = shape.reduce((product, side) => product * side, 1);
  const fits = Reader && offset % ALIGNMENT_BYTES === 0 && offset + nBytes <= bytes.byteLength;
  if (!fits || count * Reader.BYTES_PER_ELEMENT !== nBytes) {
    throw new Error(`Wire format: column ${JSON.stringify(entry)} does not fit its block`);
  }
  return [name, new Reader(bytes, offset, count)];
}

/** A list of strings, each decoded when somebody looks. */
export class Strings {
  private readonly decoder = new TextDecoder();
  private readonly seen: (string | undefined)[];

  constructor(
    private readonly utf8: Uint8Array,
    private readonly ends: Uint32Array,
  ) {
    this.seen = new Array(ends.length);
  }

  static from(block: Block, name: string): Strings {
    return new Strings(bytesOf(block, `${name}.utf8`), countsOf(block, `${name}.ends`));
  }

  get length(): number {
    return this.ends.length;
  }

  at(index: number): string {
    let text = this.seen[index];
    if (text === undefined) {
      const start = index === 0 ? 0 : this.ends[index - 1];
      text = this.decoder.decode(this.utf8.subarray(start, this.ends[index]));
      this.seen[index] = text;
    }
    return text;
  }
}

function column<T extends Column>(block: Block, name: string, type: new () => T): T {
  const found = block.columns.get(name);
  if (!(found instanceof type)) throw new Error(`Wire format: no column ${name} of its dtype`);
  return found;
}

export const bytesOf = (block: Block, name: string) => column(block, name, Uint8Array);
export const countsOf = (block: Block, name: string) => column(block, name, Uint32Array);
export const signedOf = (block: Block, name: string) => column(block, name, Int32Array);
export const floatsOf = (block: Block, name: string) => column(block, name, Float32Array);
