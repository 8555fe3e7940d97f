// Keys on the canvas. A table from key to command; the same table is explained in panels/help.ts.

import type { Action } from "../panels/toolbar";
import type { View } from "../view";
import type { Reader } from "./reader";
import { wayOf } from "./walk";

export interface Commands {
  view: View;
  reader: Reader;
  direction(): "down" | "right";
  act(action: Action, isShifted: boolean): void;
  search(): void;
  /** Goes to the next or the previous difference; false where nothing is compared. */
  toDifference(step: 1 | -1): boolean;
}

const ACTIONS: Record<string, Action> = {
  f: "fit",
  z: "zoom_selection",
  e: "expand_all",
  c: "collapse_all",
  b: "box",
  "?": "help",
};
const ZOOM_STEP = 1.25;

/** Obeys a key; false where it means nothing here and stays the page's. */
export function obey(event: KeyboardEvent, to: Commands): boolean {
  if (event.ctrlKey || event.metaKey) return false;
  const way = wayOf(event.key, to.direction());
  if (way) {
    to.reader.walk(way, event.shiftKey);
    return true;
  }
  const action = ACTIONS[event.key.toLowerCase()];
  if (action && !event.altKey) {
    to.act(action, event.shiftKey);
    return true;
  }
  const step = stepOf(event);
  return step ? to.toDifference(step) : obeyNamed(event, to);
}

/** N leads on, P and Shift with N lead back. */
function stepOf(event: KeyboardEvent): 1 | -1 | 0 {
  if (event.altKey) return 0;
  const key = event.key.toLowerCase();
  if (key === "p") return -1;
  return key === "n" ? (event.shiftKey ? -1 : 1) : 0;
}

function obeyNamed(event: KeyboardEvent, { view, reader, search }: Commands): boolean {
  const { width, height } = view.size;
  const zoom = (factor: number) => view.steer.zoomAt(width / 2, height / 2, factor);
  switch (event.key) {
    case "Enter":
      reader.enter(event.altKey || event.shiftKey);
      return true;
    case "Escape":
      reader.endHover();
      reader.clear();
      return true;
    case "/":
      search();
      return true;
    case "g":
    case "G":
      reader.toParent();
      return true;
    case "+":
    case "=":
      zoom(ZOOM_STEP);
      return true;
    case "-":
    case "_":
      zoom(1 / ZOOM_STEP);
      return true;
    case "0":
      zoom(1 / view.camera.zoom);
      return true;
    default:
      return false;
  }
}
