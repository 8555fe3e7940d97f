// The box beside the pointer. It shows what the browser knows at once, and Python's rows when
// they come.
import { element } from "./dom";

export type Rows = [string, string][];
const AWAY_PX = 16;

export class Tooltip {
  readonly root = element("div", { class: "og-panel og-tooltip", role: "tooltip", hidden: true });

  show(title: string, rows: Rows, x: number, y: number): void {
    const parts: Node[] = [];
    if (title) parts.push(element("div", { class: "og-tooltip-title" }, title));
    if (rows.length) {
      const list = element("dl");
      for (const [name, text] of rows)
        list.append(element("dt", {}, name), element("dd", {}, text));
      parts.push(list);
    }
    this.root.replaceChildren(...parts);
    this.root.hidden = parts.length === 0;
    this.place(x, y);
  }

  hide(): void {
    this.root.hidden = true;
  }

  private place(x: number, y: number): void {
    const around = this.root.parentElement;
    if (!around || this.root.hidden) return;
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const left = x + AWAY_PX + width > around.clientWidth ? x - AWAY_PX - width : x + AWAY_PX;
    const top = y + AWAY_PX + height > around.clientHeight ? y - AWAY_PX - height : y + AWAY_PX;
    const within = (at: number, room: number) => Math.max(4, Math.min(at, room));
    this.root.style.left = `${within(left, around.clientWidth - width - 4)}px`;
    this.root.style.top = `${within(top, around.clientHeight - height - 4)}px`;
  }
}
