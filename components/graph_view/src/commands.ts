// Python's messages, obeyed: blocks of bytes change the scene's columns, JSON moves the camera
// or fills a panel.
import type { Camera } from "./camera";
import type { Reader } from "./interaction/reader";
import { NO_ITEM } from "./scene";
import type { Partner } from "./sync";
import type { View } from "./view";
import { type Block, unpack } from "./wire";

export interface Obeying {
  view: View;
  partner: Partner;
  reader: Reader;
  legendChanged(): void;
  savePng(scale: number): void;
}

type Fields = Record<string, unknown>;

export class Commands {
  /** Overlay and state that came before the scene that they belong to. */
  private readonly early = new Map<string, Block>();
  private camera: Fields | null = null;

  constructor(private readonly to: Obeying) {}

  takeBlock(bytes: ArrayBuffer): void {
    const block = unpack(bytes);
    if (block.kind === "twins") return this.to.partner.takeTwins(block);
    if (block.kind !== "overlay" && block.kind !== "state") {
      throw new Error(`Wire format: no message "${block.kind}"`);
    }
    if (!this.apply(block)) this.early.set(block.kind, block);
  }

  takeMessage(message: Fields): void {
    const { reader } = this.to;
    if (message.type === "camera") {
      this.camera = message;
      this.moveWaitingCamera();
    } else if (message.type === "tooltip") {
      const rows = message.rows as [string, string][];
      reader.showTooltip(Number(message.key), String(message.title), rows);
    } else if (message.type === "png") {
      this.to.savePng(Number(message.scale));
    }
  }

  /** A scene has arrived: what waited for it applies now; what is older is dropped. */
  sceneArrived(): void {
    for (const [kind, block] of this.early) {
      const isOld = Number(block.scalars.serial) < (this.to.view.scene?.serial ?? 0);
      if (isOld || this.apply(block)) this.early.delete(kind);
    }
    this.moveWaitingCamera();
  }

  /** The view has a size: a camera that waited for it moves now. */
  sizeArrived(): void {
    if (this.camera) this.camera.animate = false;
    this.moveWaitingCamera();
  }

  /** Moves the camera once there is a size, and the scene that the command speaks of. */
  private moveWaitingCamera(): void {
    const { view } = this.to;
    const serial = view.scene?.serial ?? -1;
    if (!this.camera || view.size.width === 0 || serial < Number(this.camera.serial)) return;
    const message = this.camera;
    this.camera = null;
    this.moveCamera(message);
  }

  private apply(block: Block): boolean {
    const { view } = this.to;
    if (!view.scene) return false;
    if (block.kind === "state") {
      if (!view.scene.takeState(block)) return false;
      view.stateChanged();
    } else {
      if (!view.scene.takeOverlay(block)) return false;
      view.colorsChanged();
      this.to.legendChanged();
    }
    return true;
  }

  private moveCamera(message: Fields): void {
    const { view } = this.to;
    const animate = message.animate !== false;
    if (message.action === "fit") view.steer.fit(animate);
    else if (message.action === "restore") {
      const { x, y, zoom } = message as unknown as Camera;
      view.steer.fly({ x: Number(x), y: Number(y), zoom: Number(zoom) }, animate);
    } else if (message.action === "zoom_to" && view.scene) {
      const { scene } = view;
      const items = (message.keys as number[]).map((key) => scene.item(key));
      const rect = view.boundsOf(items.filter((item) => item !== NO_ITEM));
      if (rect) view.steer.show(rect, animate);
    }
  }
}
