// What the reader does, as messages to Python and movements of the view. Python owns the
// selection: nothing here changes it, a message asks for it.
import { toWorld } from "../camera";
import type { Message, SelectMode } from "../host";
import type { Live } from "../panels/notices";
import type { Tooltip } from "../panels/tooltip";
import type { Hit } from "../picking";
import { HAS_SUBGRAPH, Kind, NO_ITEM } from "../scene";
import type { View } from "../view";
import type { Handlers, Modifiers } from "./pointer";
import { nearestItem, step, type Way } from "./walk";

const HOVER_MS = 120;
const WAIT_MS = 240; // for a second click on a group
const EDGE_REACH_PX = 5;
const CURSORS = { body: "default", header: "pointer", handle: "pointer", subgraph: "pointer" };

export interface Page {
  send(message: Message): void;
  direction(): "down" | "right";
  /** The canvas takes the keys. */
  focus(): void;
}

export class Reader implements Handlers {
  isBoxMode = false;
  private hoverTimer = 0;
  private selectTimer = 0;
  private pointer = { x: 0, y: 0 };
  private band_: [number, number, number, number] | null = null;

  constructor(
    private readonly view: View,
    private readonly page: Page,
    private readonly tooltip: Tooltip,
    private readonly live: Live,
    private readonly bandBox: HTMLElement,
  ) {}

  dispose(): void {
    clearTimeout(this.hoverTimer);
    clearTimeout(this.selectTimer);
  }

  // --- pointer -----------------------------------------------------------------------------

  isBoxing(): boolean {
    return this.isBoxMode;
  }

  press(): void {
    this.page.focus();
    this.endHover();
  }

  pan(dx: number, dy: number): void {
    this.view.steer.pan(dx, dy);
    this.view.canvas.style.cursor = "grabbing";
  }

  zoom(x: number, y: number, factor: number): void {
    this.endHover();
    this.view.steer.zoomAt(x, y, factor);
  }

  click(x: number, y: number, modifiers: Modifiers): void {
    clearTimeout(this.selectTimer);
    const hit = this.hitAt(x, y);
    this.showCursor(hit);
    if (!hit || (hit.part === "body" && this.isOpenGroup(hit.item))) {
      if (!modifiers.isAdding && !modifiers.isToggling) this.select([], "replace");
      return;
    }
    if (hit.part === "handle") return this.toggle(hit.item, modifiers.isDeep);
    if (hit.part === "subgraph") return this.openSubgraph(hit.item);
    const mode = modifiers.isToggling ? "toggle" : modifiers.isAdding ? "add" : "replace";
    this.setFocus(hit.item);
    const select = () => this.select([hit.item], mode);
    // A double click opens a group, and should not select all that is in it on the way.
    if (this.view.scene?.isGroup(hit.item)) this.selectTimer = window.setTimeout(select, WAIT_MS);
    else select();
  }

  doubleClick(x: number, y: number, modifiers: Modifiers): void {
    clearTimeout(this.selectTimer);
    const hit = this.hitAt(x, y);
    const scene = this.view.scene;
    if (!hit || !scene || hit.part === "handle") return; // its first click was enough
    if (scene.flags[hit.item] & HAS_SUBGRAPH) return this.openSubgraph(hit.item);
    if (!scene.isGroup(hit.item)) return;
    if (hit.part === "body" && this.isOpenGroup(hit.item)) return;
    this.toggle(hit.item, modifiers.isDeep);
  }

  hover(x: number, y: number): void {
    this.pointer = { x, y };
    const hit = this.hitAt(x, y);
    const isOverContents = !hit || this.isOpenGroup(hit.item);
    const edge = isOverContents && hit?.part !== "handle" ? this.edgeAt(x, y) : -1;
    const item = edge >= 0 ? NO_ITEM : (hit?.item ?? NO_ITEM);
    this.showCursor(hit);
    const isSame = item === this.view.hovered && edge === this.view.hoveredEdge;
    if (isSame) return;
    this.endHover();
    const isBody = hit?.part === "body" && item !== NO_ITEM && this.isOpenGroup(item);
    this.view.setHover(isBody ? NO_ITEM : item, edge);
    if (edge >= 0) this.hoverTimer = window.setTimeout(() => this.restOnEdge(edge), HOVER_MS);
    else if (item !== NO_ITEM && !isBody) {
      this.hoverTimer = window.setTimeout(() => this.restOnItem(item), HOVER_MS);
    }
  }

  leave(): void {
    this.endHover();
  }

  band(x0: number, y0: number, x1: number, y1: number): void {
    this.band_ = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
    const [left, top, right, bottom] = this.band_;
    const { style } = this.bandBox;
    this.bandBox.hidden = false;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${right - left}px`;
    style.height = `${bottom - top}px`;
  }

  endBand(isTaken: boolean, modifiers: Modifiers): void {
    this.bandBox.hidden = true;
    const { band_: band, view } = this;
    this.band_ = null;
    if (!band || !isTaken || !view.picking) return;
    const [x0, y0] = this.world(band[0], band[1]);
    const [x1, y1] = this.world(band[2], band[3]);
    const items = view.picking.leavesIn({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
    // Shift starts a band unless the mode is on; there it means: as well.
    const adds = modifiers.isToggling || (this.isBoxMode && modifiers.isAdding);
    if (items.length || !adds)
      this.select(
        items.sort((a, b) => a - b),
        adds ? "add" : "replace",
      );
  }

  /** Python's answer to a hover. */
  showTooltip(key: number, title: string, rows: [string, string][]): void {
    const { scene, hovered } = this.view;
    if (!scene || hovered === NO_ITEM || scene.key[hovered] !== key) return;
    this.tooltip.show(title, rows, this.pointer.x, this.pointer.y);
  }

  endHover(): void {
    clearTimeout(this.hoverTimer);
    this.tooltip.hide();
    this.view.setHover(NO_ITEM, -1);
  }

  // --- meanings ----------------------------------------------------------------------------

  clear(): void {
    this.page.send({ type: "clear" });
  }

  select(items: number[], mode: SelectMode): void {
    const { scene } = this.view;
    if (!scene) return;
    this.page.send({ type: "select", keys: items.map((item) => scene.key[item]), mode });
  }

  toggle(item: number, subtree: boolean): void {
    const { scene } = this.view;
    if (!scene?.isGroup(item)) return;
    this.endHover();
    this.setFocus(item);
    this.page.send({ type: "toggle", key: scene.key[item], subtree });
  }

  openSubgraph(item: number): void {
    const { scene } = this.view;
    if (scene) this.page.send({ type: "open_subgraph", key: scene.key[item] });
  }

  walk(way: Way, isAdding: boolean): void {
    const { scene, picking, camera, focused } = this.view;
    if (!scene || !picking || scene.nItems === 0) return;
    const start = focused === NO_ITEM ? nearestItem(scene, camera.x, camera.y) : focused;
    const isFirst = focused === NO_ITEM;
    const next = isFirst ? start : step(scene, picking, start, way, this.page.direction());
    this.goTo(next, isAdding ? "add" : "replace");
  }

  toParent(): void {
    const { scene, focused } = this.view;
    if (!scene || focused === NO_ITEM || scene.parent[focused] === NO_ITEM) return;
    this.goTo(scene.parent[focused], "replace");
  }

  /** Enter: a group opens or closes, a node with a subgraph opens it. */
  enter(subtree: boolean): void {
    const { scene, focused } = this.view;
    if (!scene || focused === NO_ITEM) return;
    if (scene.isGroup(focused)) this.toggle(focused, subtree);
    else if (scene.flags[focused] & HAS_SUBGRAPH) this.openSubgraph(focused);
  }

  private goTo(item: number, mode: SelectMode): void {
    const { scene } = this.view;
    if (!scene || item === NO_ITEM) return;
    this.setFocus(item);
    this.select([item], mode);
    const rect = scene.rectOf(item);
    // Of an open group the title bar is enough.
    this.view.steer.reveal(
      this.isOpenGroup(item) ? { ...rect, height: Math.min(rect.height, 60) } : rect,
    );
  }

  private setFocus(item: number): void {
    const { scene } = this.view;
    if (!scene) return;
    this.view.focused = item;
    this.view.invalidate();
    const what = scene.isGroup(item)
      ? `group, ${this.isOpenGroup(item) ? "expanded" : "collapsed"}`
      : ["operator", "input", "output", "constant"][scene.kind[item]];
    const edges = `${scene.inEdgesOf(item).length} in, ${scene.outEdgesOf(item).length} out`;
    this.live.say(
      [scene.titleOf(item), what, scene.detailOf(item), edges].filter(Boolean).join(", "),
    );
  }

  // --- hover -------------------------------------------------------------------------------

  private restOnItem(item: number): void {
    const { scene } = this.view;
    if (!scene || item >= scene.nItems) return;
    const detail = scene.detailOf(item);
    const rows: [string, string][] = detail ? [["", detail]] : [];
    this.tooltip.show(scene.titleOf(item), rows, this.pointer.x, this.pointer.y);
    this.page.send({ type: "hover", key: scene.key[item] });
  }

  private restOnEdge(edge: number): void {
    const { scene } = this.view;
    if (!scene || edge >= scene.nEdges) return;
    const [source, target] = scene.edgeEnds.subarray(2 * edge, 2 * edge + 2);
    const rows: [string, string][] = [
      ["from", scene.titleOf(source)],
      ["to", scene.titleOf(target)],
    ];
    if (scene.edgeCount[edge] > 1) rows.push(["edges", scene.edgeCount[edge].toLocaleString("en")]);
    const title = scene.edgeLabelOf(edge);
    this.tooltip.show(title, rows, this.pointer.x, this.pointer.y);
  }

  private showCursor(hit: Hit | null): void {
    const isBoxing = this.isBoxMode ? "crosshair" : "";
    const isNode = hit && !this.isOpenGroup(hit.item);
    const cursor = !hit ? "default" : isNode ? "pointer" : CURSORS[hit.part];
    this.view.canvas.style.cursor = isBoxing || cursor;
  }

  private hitAt(x: number, y: number): Hit | null {
    const [worldX, worldY] = this.world(x, y);
    return this.view.picking?.at(worldX, worldY, this.view.camera.zoom) ?? null;
  }

  private edgeAt(x: number, y: number): number {
    const [worldX, worldY] = this.world(x, y);
    const { zoom } = this.view.camera;
    return this.view.picking?.edgeAt(worldX, worldY, EDGE_REACH_PX / zoom) ?? -1;
  }

  private isOpenGroup(item: number): boolean {
    return this.view.scene?.kind[item] === Kind.expandedGroup;
  }

  private world(x: number, y: number): [number, number] {
    return toWorld(this.view.camera, this.view.size, x, y);
  }
}
