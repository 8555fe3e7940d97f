// One graph view in the page: builds the elements, wires canvas, panels and Panel's model, and
// takes them down again.
import type { Camera } from "./camera";
import { Commands } from "./commands";
import { makeHook } from "./hook";
import { asBuffer, type PanelModel } from "./host";
import { obey } from "./interaction/keyboard";
import { Pointer } from "./interaction/pointer";
import { Reader } from "./interaction/reader";
import { watchTouches } from "./interaction/touches";
import { element } from "./panels/dom";
import { HelpSheet } from "./panels/help";
import { LegendPanel } from "./panels/legend";
import { Busy, Live, Message } from "./panels/notices";
import { STYLE } from "./panels/style";
import { type Action, Toolbar } from "./panels/toolbar";
import { Tooltip } from "./panels/tooltip";
import { savePng } from "./png";
import { Scene } from "./scene";
import { Partner } from "./sync";
import { View } from "./view";
import { unpack } from "./wire";

const NO_WEBGL =
  "This browser offers no WebGL 2, or the graphics driver is switched off. Turn on hardware acceleration in the browser's settings, or open the page in another browser. Tables and plots work without it.";
const MODEL_EVENTS = [
  "scene",
  "dark",
  "embed",
  "flat",
  "show_constants",
  "direction",
  "waiting",
  "sync_group",
  "sync_base",
  "comparing",
] as const;

export class App {
  readonly root = element("div", { class: "og-root" });
  private readonly canvas = element("canvas", {
    class: "og-canvas",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "graph",
    "aria-label": "Model graph",
  });
  private readonly view: View;
  private readonly partner: Partner;
  private readonly reader: Reader;
  private readonly commands: Commands;
  private readonly pointer: Pointer;
  private readonly toolbar = new Toolbar((action, isShifted) => this.act(action, isShifted));
  private readonly legend = new LegendPanel();
  private readonly tooltip = new Tooltip();
  private readonly help = new HelpSheet(() => this.canvas.focus());
  private readonly busy = new Busy(() => this.model.send_msg({ type: "cancel" }));
  private readonly message = new Message();
  private readonly live = new Live();
  private readonly band = element("div", { class: "og-band", hidden: true });
  private readonly observer = new ResizeObserver(() => this.measure());
  private readonly stop = new AbortController();
  private readonly listeners: [string, (value: unknown) => void][] = [];
  private isReady = false;
  private isLost = false;

  constructor(
    private readonly model: PanelModel,
    camera: Camera | null,
  ) {
    this.view = new View(this.canvas, {
      drawn: () => this.drawn(),
      cameraRested: (at) => this.model.send_msg({ type: "camera", ...at }),
    });
    this.partner = new Partner(this.view);
    this.view.steer.guide = this.partner;
    const page = {
      send: model.send_msg,
      direction: () => this.model.direction,
      focus: () => this.canvas.focus({ preventScroll: true }),
    };
    this.reader = new Reader(this.view, page, this.tooltip, this.live, this.band);
    this.pointer = new Pointer(this.canvas, this.reader);
    this.commands = new Commands({
      view: this.view,
      partner: this.partner,
      reader: this.reader,
      legendChanged: () => this.legend.show(this.view.scene?.legend ?? null),
      savePng: (scale) => this.savePng(scale),
    });
    this.build();
    this.listen();
    this.showSwitches();
    this.help.showComparing(this.model.comparing);
    this.busy.show(this.model.waiting);
    this.openContext();
    this.joinGroup();
    this.takeScene();
    if (camera) this.view.steer.put(camera);
    Object.assign(this.canvas, {
      __graph: makeHook(this.view, this.partner, () => this.model.dark),
    });
    this.observer.observe(this.canvas);
  }

  get camera(): Camera {
    return this.view.camera;
  }

  dispose(): void {
    this.stop.abort();
    this.observer.disconnect();
    for (const [name, react] of this.listeners) this.model.off(name, react);
    this.pointer.dispose();
    this.partner.leave();
    this.reader.dispose();
    this.view.dispose();
    // Browsers keep few contexts: give this one back at once.
    this.canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
    this.root.remove();
  }

  private build(): void {
    const style = element("style");
    style.textContent = STYLE;
    const panels = [this.toolbar, this.legend, this.busy, this.message, this.help, this.tooltip];
    this.root.append(style, this.canvas, this.band, this.live.root);
    this.root.append(...panels.map((panel) => panel.root));
  }

  private listen(): void {
    const { signal } = this.stop;
    const { canvas } = this;
    canvas.addEventListener("keydown", (event) => this.key(event), { signal });
    for (const name of ["focus", "blur"] as const) {
      canvas.addEventListener(name, () => this.focusChanged(), { signal });
    }
    watchTouches(this.root, signal, () => this.touched());
    canvas.addEventListener("webglcontextlost", (event) => this.lost(event), { signal });
    canvas.addEventListener("webglcontextrestored", () => this.restored(), { signal });
    this.watchPixelRatio();
    const reactions: Record<(typeof MODEL_EVENTS)[number], () => void> = {
      scene: () => this.takeScene(),
      dark: () => this.showSwitches(),
      embed: () => this.showSwitches(),
      flat: () => this.showSwitches(),
      show_constants: () => this.showSwitches(),
      direction: () => this.showSwitches(),
      waiting: () => this.busy.show(this.model.waiting),
      sync_group: () => this.joinGroup(),
      sync_base: () => this.joinGroup(),
      comparing: () => this.help.showComparing(this.model.comparing),
    };
    for (const name of MODEL_EVENTS) this.on(name, reactions[name]);
    this.on("msg:custom", (message) => this.hear(message));
  }

  private on(name: string, react: (value: unknown) => void): void {
    this.listeners.push([name, react]);
    this.model.on(name, react);
  }

  /** A page that moves to another screen, or is zoomed, has other device pixels. */
  private watchPixelRatio(): void {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      if (this.stop.signal.aborted) return;
      this.measure();
      this.watchPixelRatio();
    };
    query.addEventListener("change", changed, { once: true, signal: this.stop.signal });
  }

  private measure(): void {
    const size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const isFirst = this.view.size.width === 0 && size.width > 0;
    this.view.resize(size, window.devicePixelRatio || 1);
    if (isFirst) this.commands.sizeArrived();
  }

  private openContext(): void {
    const gl = this.canvas.getContext("webgl2", { alpha: false, antialias: false });
    if (gl) return this.view.attach(gl);
    this.message.show("The graph cannot be drawn here", NO_WEBGL);
    this.model.send_msg({ type: "no_webgl" });
  }

  private lost(event: Event): void {
    event.preventDefault(); // else it is never restored
    this.isLost = true;
    this.view.detach();
    this.message.show("The graphics driver was reset", "The drawing comes back in a moment.");
    this.model.send_msg({ type: "lost" });
  }

  private restored(): void {
    this.isLost = false;
    this.message.hide();
    this.openContext();
    this.model.send_msg({ type: "restored" });
  }

  private takeScene(): void {
    const bytes = asBuffer(this.model.scene);
    if (!bytes) return;
    const scene = new Scene(unpack(bytes));
    const isOther = this.view.scene?.graphKey !== scene.graphKey;
    this.reader.endHover();
    this.view.setScene(scene);
    this.partner.sceneChanged(isOther);
    this.legend.show(scene.legend);
    const label = `Model graph: ${scene.nItems} items, ${scene.nEdges} edges. Press ? for the keys.`;
    this.canvas.setAttribute("aria-label", label);
    this.commands.sceneArrived();
  }

  private drawn(): void {
    if (this.isReady) return;
    this.isReady = true;
    this.model.send_msg({ type: "ready" });
  }

  private hear(message: unknown): void {
    const content = (message as { data?: unknown })?.data ?? message;
    const bytes = asBuffer(content);
    if (bytes) this.commands.takeBlock(bytes);
    else if (content && typeof content === "object") {
      this.commands.takeMessage(content as Record<string, unknown>);
    }
  }

  private showSwitches(): void {
    const { dark, embed, flat, show_constants, direction } = this.model;
    this.root.toggleAttribute("data-dark", dark);
    this.toolbar.root.hidden = embed;
    const { isBoxMode } = this.reader;
    this.toolbar.show({ flat, showConstants: show_constants, direction, isBoxing: isBoxMode });
    this.view.setDark(dark);
  }

  private joinGroup(): void {
    this.partner.join(this.model.sync_group, this.model.sync_base);
  }

  /** The reader turns to this view. */
  private touched(): void {
    this.partner.lead();
    this.model.send_msg({ type: "focused" });
  }

  private focusChanged(): void {
    this.view.hasFocus = this.canvas.matches(":focus-visible");
    this.view.invalidate();
  }

  private key(event: KeyboardEvent): void {
    this.view.hasFocus = true;
    const isObeyed = obey(event, {
      view: this.view,
      reader: this.reader,
      direction: () => this.model.direction,
      act: (action, isShifted) => this.act(action, isShifted),
      search: () => this.model.send_msg({ type: "search" }),
      toDifference: (step) => {
        if (this.model.comparing) this.model.send_msg({ type: "difference", step });
        return this.model.comparing;
      },
    });
    if (!isObeyed) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private act(action: Action, isShifted: boolean): void {
    const { model, view } = this;
    const option = (name: string, value: boolean | string) =>
      model.send_msg({ type: "option", name, value });
    const selection = action === "zoom_selection" ? view.selectionBounds() : null;
    if (action === "fit") view.steer.fit(true);
    else if (selection) view.steer.show(selection, true);
    else if (action === "expand_all" || action === "collapse_all") model.send_msg({ type: action });
    else if (action === "flat") option("flat", !model.flat);
    else if (action === "show_constants") option("show_constants", !model.show_constants);
    else if (action === "direction") {
      option("direction", model.direction === "down" ? "right" : "down");
    } else if (action === "box") {
      this.reader.isBoxMode = !this.reader.isBoxMode;
      this.canvas.style.cursor = this.reader.isBoxMode ? "crosshair" : "default";
      this.showSwitches();
    } else if (action === "png") this.savePng(isShifted ? 2 : 1);
    else if (action === "help") this.help.toggle();
  }

  private savePng(scale: number): void {
    if (this.isLost) return;
    savePng(this.view, this.view.scene?.legend ?? null, this.model.dark, scale);
  }
}
