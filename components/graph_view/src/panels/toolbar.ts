// The small row of buttons. Switches show what Python says, not what was clicked.
import { element, icon } from "./dom";

export interface Switches {
  flat: boolean;
  showConstants: boolean;
  direction: "down" | "right";
  isBoxing: boolean;
}

export type Action =
  | "fit"
  | "zoom_selection"
  | "expand_all"
  | "collapse_all"
  | "flat"
  | "show_constants"
  | "direction"
  | "box"
  | "png"
  | "help";

const ICONS: Record<Action, string> = {
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  zoom_selection: "M10 2v4M10 14v4M2 10h4M14 10h4M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7",
  expand_all: "M6 7.5l4-4 4 4M6 12.5l4 4 4-4",
  collapse_all: "M6 3.5l4 4 4-4M6 16.5l4-4 4 4",
  flat: "M3 4h5v4H3zM12 4h5v4h-5zM3 12h5v4H3zM12 12h5v4h-5z",
  show_constants:
    "M4 5.5c0-1.4 2.7-2.5 6-2.5s6 1.1 6 2.5-2.7 2.5-6 2.5-6-1.1-6-2.5M4 5.5v9c0 1.4 2.7 2.5 6 2.5s6-1.1 6-2.5v-9M4 10c0 1.4 2.7 2.5 6 2.5s6-1.1 6-2.5",
  direction: "M3 6h12M12 3l3 3-3 3M6 9v8M3 14l3 3 3-3",
  box: "M3 6V3h3M9 3h2M14 3h3v3M17 9v2M17 14v3h-3M11 17H9M6 17H3v-3M3 11V9",
  png: "M10 3v9M6.5 8.5L10 12l3.5-3.5M3 14v3h14v-3",
  help: "M7.2 7.5a2.8 2.8 0 1 1 4.2 2.4c-.9.5-1.4 1-1.4 2.1M10 15.2v.1",
};

const TITLES: Record<Action, string> = {
  fit: "Fit to view (F)",
  zoom_selection: "Zoom to selection (Z)",
  expand_all: "Expand all groups (E)",
  collapse_all: "Collapse all groups (C)",
  flat: "Flat: without groups",
  show_constants: "Show constants",
  direction: "Direction: left to right",
  box: "Select with a box (B, or Shift and drag)",
  png: "Save as PNG (Shift: twice the size)",
  help: "Keys and gestures (?)",
};

const ROWS: Action[][] = [
  ["fit", "zoom_selection", "box"],
  ["expand_all", "collapse_all"],
  ["flat", "show_constants", "direction"],
  ["png", "help"],
];

export class Toolbar {
  readonly root = element("div", {
    class: "og-panel og-toolbar",
    role: "toolbar",
    "aria-label": "Graph",
  });
  private readonly buttons = new Map<Action, HTMLButtonElement>();

  constructor(onAction: (action: Action, isShifted: boolean) => void) {
    ROWS.forEach((row, i) => {
      if (i > 0) this.root.append(element("hr", { "aria-hidden": "true" }));
      for (const action of row) this.root.append(this.button(action, onAction));
    });
    this.root.addEventListener("keydown", (event) => this.walk(event));
  }

  show({ flat, showConstants, direction, isBoxing }: Switches): void {
    this.press("flat", flat);
    this.press("show_constants", showConstants);
    this.press("direction", direction === "right");
    this.press("box", isBoxing);
    for (const action of ["expand_all", "collapse_all"] as const) {
      this.buttons.get(action)!.disabled = flat;
    }
  }

  private press(action: Action, isPressed: boolean): void {
    this.buttons.get(action)?.setAttribute("aria-pressed", String(isPressed));
  }

  private button(action: Action, onAction: (action: Action, isShifted: boolean) => void) {
    const made = element(
      "button",
      {
        type: "button",
        title: TITLES[action],
        "aria-label": TITLES[action],
        "data-action": action,
        click: (event) => onAction(action, (event as MouseEvent).shiftKey),
      },
      icon(ICONS[action]),
    );
    this.buttons.set(action, made);
    return made;
  }

  private walk(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    const all = [...this.buttons.values()].filter((button) => !button.disabled);
    const at = all.indexOf(event.target as HTMLButtonElement);
    all[(at + step + all.length) % all.length]?.focus();
    event.preventDefault();
  }
}
