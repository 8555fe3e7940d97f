// Style of the HTML over the canvas. Colours follow the attribute `data-dark` of the root.

export const STYLE = `
.og-root {
  --page: #fafafa; --panel: #ffffffed; --line: #d9dfe8; --text: #1f2937; --quiet: #64748b;
  --tint: #eef2f8; --main: #1668dc; --lift: 0 1px 2px #0f172a14, 0 4px 14px #0f172a1a;
  position: relative; width: 100%; height: 100%; min-height: 120px; overflow: hidden;
  container-type: inline-size;
  background: var(--page); color: var(--text); border-radius: inherit;
  font: 13px/1.4 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
.og-root[data-dark] {
  --page: #121212; --panel: #1e2126f2; --line: #363c46; --text: #e7ebf1; --quiet: #9aa5b5;
  --tint: #2a2f37; --main: #6ea8ff; --lift: 0 1px 2px #0006, 0 4px 16px #0008;
  color-scheme: dark;
}
.og-root * { box-sizing: border-box; }
.og-canvas {
  position: absolute; inset: 0; width: 100%; height: 100%; display: block; outline: none;
  touch-action: none; user-select: none; -webkit-user-select: none;
}
.og-canvas:focus-visible { box-shadow: inset 0 0 0 2px var(--main); }
.og-panel {
  position: absolute; background: var(--panel); border: 1px solid var(--line);
  border-radius: 10px; box-shadow: var(--lift); backdrop-filter: blur(6px);
}
.og-toolbar { top: 10px; right: 10px; display: flex; flex-wrap: wrap; justify-content: flex-end;
  gap: 2px; padding: 3px; max-width: calc(100% - 20px); }
.og-toolbar[hidden] { display: none; }
.og-toolbar hr { width: 1px; margin: 4px 3px; border: 0; background: var(--line); }
.og-toolbar button, .og-close, .og-busy button {
  display: grid; place-items: center; width: 30px; height: 30px; padding: 0; border: 0;
  border-radius: 7px; background: none; color: var(--quiet); cursor: pointer; font: inherit;
}
.og-root button:hover { background: var(--tint); color: var(--text); }
.og-root button:focus-visible { outline: 2px solid var(--main); outline-offset: -1px; }
.og-toolbar button[aria-pressed="true"] {
  background: color-mix(in srgb, var(--main) 16%, transparent); color: var(--main);
}
.og-root svg { width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round; }
.og-legend { left: 10px; bottom: 10px; padding: 8px 11px 9px; max-width: min(300px, calc(100% - 20px));
  max-height: calc(100% - 68px); overflow: hidden; pointer-events: none; font-size: 12px; }
.og-legend[hidden] { display: none; }
.og-legend-title { font-weight: 600; margin-bottom: 6px; overflow-wrap: anywhere; }
.og-ramp { width: 220px; max-width: 100%; height: 9px; border-radius: 5px; }
.og-ticks { position: relative; height: 15px; margin-top: 3px; width: 220px; max-width: 100%;
  color: var(--quiet); font-size: 11px; font-variant-numeric: tabular-nums; }
.og-ticks span { position: absolute; white-space: nowrap; }
.og-swatches { display: grid; grid-template-columns: auto 1fr; gap: 3px 8px; align-items: center;
  max-height: 220px; overflow: hidden; }
.og-swatches i { width: 12px; height: 12px; border-radius: 3px; }
.og-swatches span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.og-ramp-box + .og-swatches { margin-top: 6px; }
.og-tooltip { z-index: 3; left: 0; top: 0; max-width: min(380px, 90%); padding: 8px 11px;
  pointer-events: none; font-size: 12px; border-radius: 8px; }
.og-tooltip[hidden] { display: none; }
.og-tooltip-title { font-weight: 600; font-size: 13px; overflow-wrap: anywhere;
  display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden; }
.og-tooltip dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 12px; margin: 5px 0 0; }
.og-tooltip dt { color: var(--quiet); }
.og-tooltip dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
  display: -webkit-box; -webkit-line-clamp: 4; -webkit-box-orient: vertical; overflow: hidden; }
.og-band { position: absolute; z-index: 2; border: 1px solid var(--main); border-radius: 3px;
  background: color-mix(in srgb, var(--main) 13%, transparent); pointer-events: none; }
.og-band[hidden] { display: none; }
.og-help { z-index: 5; inset: 0; margin: auto; width: min(560px, calc(100% - 24px)); height: fit-content;
  max-height: calc(100% - 24px); overflow: auto; padding: 16px 20px 18px; }
.og-help[hidden] { display: none; }
.og-help h2 { margin: 0 0 10px; font-size: 15px; font-weight: 600; }
.og-help dl { display: grid; grid-template-columns: auto 1fr; gap: 6px 16px; margin: 0; }
.og-help dt { white-space: nowrap; }
.og-help dd { margin: 0; color: var(--quiet); }
.og-help kbd { display: inline-block; min-width: 20px; padding: 0 5px; text-align: center;
  border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 5px;
  background: var(--tint); font: inherit; font-size: 12px; }
.og-close { position: absolute; top: 8px; right: 8px; }
.og-busy { z-index: 4; top: 10px; left: 10px; display: flex; align-items: center; gap: 8px;
  padding: 3px 4px 3px 12px; max-width: calc(100% - 20px); overflow: hidden; }
.og-busy[hidden] { display: none; }
.og-busy span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.og-busy::after { content: ""; position: absolute; left: 0; bottom: 0; height: 2px; width: 40%;
  background: var(--main); animation: og-slide 1.2s ease-in-out infinite; }
@keyframes og-slide { from { transform: translateX(-100%); } to { transform: translateX(250%); } }
@media (prefers-reduced-motion: reduce) { .og-busy::after { animation-duration: 6s; } }
/* Panes beside each other are narrow: the line below the buttons, and both of them smaller. */
@container (max-width: 760px) {
  .og-busy { top: 56px; }
  .og-short { grid-template-columns: auto 1fr auto 1fr; }
}
@container (max-width: 440px) {
  .og-toolbar { top: 6px; right: 6px; gap: 1px; padding: 2px; max-width: calc(100% - 12px); }
  .og-toolbar button { width: 26px; }
  .og-toolbar hr { margin: 4px 1px; }
  .og-busy { top: 48px; left: 6px; max-width: calc(100% - 12px); }
  .og-legend { left: 6px; bottom: 6px; padding: 6px 9px 7px; max-width: min(230px, calc(100% - 12px)); font-size: 11px; }
  .og-swatches { gap: 1px 7px; }
  .og-swatches i { width: 10px; height: 10px; }
}
.og-message { position: absolute; inset: 0; z-index: 1; display: grid; place-content: center; gap: 8px;
  padding: 24px; text-align: center; background: var(--page); }
.og-message[hidden] { display: none; }
.og-message p { margin: 0; max-width: 46ch; color: var(--quiet); }
.og-message strong { font-size: 15px; }
.og-live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
