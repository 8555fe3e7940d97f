// The narrow bridge to Panel's model: what the app reads, hears and says.

export type SelectMode = "replace" | "add" | "toggle" | "remove";

/** Messages to Python (docs/wire_format.md). */
export type Message =
  | { type: "select"; keys: number[]; mode: SelectMode }
  | { type: "toggle"; key: number; subtree: boolean }
  | { type: "open_subgraph" | "hover"; key: number }
  | { type: "camera"; x: number; y: number; zoom: number }
  | { type: "difference"; step: 1 | -1 }
  | { type: "option"; name: string; value: boolean | string }
  | {
      type:
        | "ready"
        | "clear"
        | "expand_all"
        | "collapse_all"
        | "search"
        | "focused"
        | "cancel"
        | "lost"
        | "restored"
        | "no_webgl";
    };

/** Panel's model as a component sees it. */
export interface PanelModel {
  scene: unknown;
  dark: boolean;
  embed: boolean;
  flat: boolean;
  show_constants: boolean;
  direction: "down" | "right";
  waiting: string;
  sync_group: string;
  sync_base: boolean;
  comparing: boolean;
  send_msg(message: Message): void;
  on(event: string, react: (value: unknown) => void): void;
  off(event: string, react: (value: unknown) => void): void;
}

/** Bytes however they travelled: as a buffer, as a view of one, or null if there are none. */
export function asBuffer(value: unknown): ArrayBuffer | null {
  if (value instanceof ArrayBuffer) return value.byteLength ? value : null;
  if (ArrayBuffer.isView(value)) {
    if (value.byteLength === 0) return null;
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return bytes.slice().buffer;
  }
  return null;
}
