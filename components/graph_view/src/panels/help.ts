// The sheet of keys and gestures.
import { element, icon } from "./dom";

const KEYS: [string[], string][] = [
  [["drag"], "move the drawing"],
  [["wheel", "pinch"], "zoom to the pointer"],
  [["click"], "select; Ctrl or Shift: select more"],
  [["Shift", "drag"], "select with a box"],
  [["double click", "+", "−"], "expand or collapse a group; Alt or Shift: with all inside"],
  [["←", "↑", "↓", "→"], "walk along edges and between neighbours; Shift: select more"],
  [["Enter"], "expand or collapse; Shift: with all inside"],
  [["G"], "go to the group around"],
  [["Escape"], "clear selection and search"],
  [["F"], "fit to view"],
  [["Z"], "zoom to the selection"],
  [["+", "−", "0"], "zoom in, out, to natural size"],
  [["E", "C"], "expand all, collapse all"],
  [["B"], "select with a box by dragging"],
  [["/"], "search"],
  [["?"], "this sheet"],
];
const COMPARING_KEYS: [string[], string][] = [
  [["N"], "next difference"],
  [["P", "Shift+N"], "previous difference"],
];

export class HelpSheet {
  readonly root: HTMLElement;
  private readonly close: HTMLButtonElement;
  private readonly comparing: HTMLElement[];

  constructor(private readonly onClose: () => void) {
    const list = element("dl");
    this.comparing = COMPARING_KEYS.flatMap(row);
    list.append(...KEYS.flatMap(row), ...this.comparing);
    this.showComparing(false);
    this.close = element(
      "button",
      { type: "button", class: "og-close", "aria-label": "Close", click: () => this.hide() },
      icon("M5 5l10 10M15 5L5 15"),
    );
    this.root = element(
      "div",
      {
        class: "og-panel og-help",
        role: "dialog",
        "aria-label": "Keys and gestures",
        hidden: true,
        keydown: (event) => {
          if (["Escape", "?"].includes((event as KeyboardEvent).key)) this.hide();
          event.stopPropagation();
        },
      },
      element("h2", {}, "Keys and gestures"),
      list,
      this.close,
    );
  }

  /** Lists the keys that only work while two models are compared, or leaves them out. */
  showComparing(isComparing: boolean): void {
    for (const each of this.comparing) each.hidden = !isComparing;
  }

  get isOpen(): boolean {
    return !this.root.hidden;
  }

  toggle(): void {
    if (this.isOpen) return this.hide();
    this.root.hidden = false;
    this.close.focus();
  }

  hide(): void {
    if (!this.isOpen) return;
    this.root.hidden = true;
    this.onClose();
  }
}

function row([keys, text]: [string[], string]): HTMLElement[] {
  const caps = keys.flatMap((key) => [element("kbd", {}, key), " "]);
  return [element("dt", {}, ...caps), element("dd", {}, text)];
}
