// What the colours mean, in the lower left corner.
import type { Legend } from "../scene";
import { element } from "./dom";

const MAX_SWATCHES = 12;
const SHORT_CHARS = 10; // texts of which a narrow pane has room for two beside each other
const COLOR = /^#[0-9a-f]{6}$/i;

export class LegendPanel {
  readonly root = element("div", {
    class: "og-panel og-legend",
    role: "img",
    "aria-label": "Legend",
    hidden: true,
  });

  show(legend: Legend | null): void {
    this.root.replaceChildren();
    this.root.hidden = legend === null;
    if (!legend) return;
    this.root.setAttribute("aria-label", describe(legend));
    this.root.append(element("div", { class: "og-legend-title" }, legend.title));
    if (legend.stops.length) this.root.append(ramp(legend));
    if (legend.swatches.length) this.root.append(swatches(legend));
  }
}

export function describe(legend: Legend): string {
  const parts = [...legend.ticks.map(([, text]) => text), ...legend.swatches.map(([, t]) => t)];
  return `Legend. ${legend.title}: ${parts.join(", ")}`;
}

/** Colours that may go into a style; what is no colour is left out. */
export function safeStops(legend: Legend): [number, string][] {
  const share = (value: number) => Math.min(1, Math.max(0, value));
  return legend.stops
    .filter(([, color]) => COLOR.test(color))
    .map(([position, color]) => [share(position), color]);
}

function ramp(legend: Legend): HTMLElement {
  const stops = safeStops(legend).map(([at, color]) => `${color} ${(100 * at).toFixed(2)}%`);
  const bar = element("div", { class: "og-ramp" });
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const ticks = element("div", { class: "og-ticks" });
  for (const [position, text] of legend.ticks) {
    const tick = element("span", {}, text);
    const at = Math.min(1, Math.max(0, position));
    tick.style.left = `${100 * at}%`;
    tick.style.transform = `translateX(${-100 * at}%)`; // the outer ones stay inside
    ticks.append(tick);
  }
  return element("div", { class: "og-ramp-box" }, bar, ticks);
}

function swatches(legend: Legend): HTMLElement {
  const isShort = legend.swatches.every(([, text]) => text.length <= SHORT_CHARS);
  const list = element("div", { class: `og-swatches${isShort ? " og-short" : ""}` });
  for (const [color, text] of legend.swatches.slice(0, MAX_SWATCHES)) {
    const square = element("i");
    if (COLOR.test(color)) square.style.background = color;
    list.append(square, element("span", {}, text));
  }
  const left = legend.swatches.length - MAX_SWATCHES;
  if (left > 0) list.append(element("i"), element("span", {}, `and ${left} more`));
  return list;
}
