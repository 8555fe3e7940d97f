// What covers or overlies the drawing: a line while Python works, a message where WebGL is gone,
// and the sentence that a screen reader speaks.
import { element, icon } from "./dom";

export class Busy {
  private readonly text = element("span");
  readonly root: HTMLElement;

  constructor(onCancel: () => void) {
    const cancel = element(
      "button",
      { type: "button", title: "Cancel", "aria-label": "Cancel", click: onCancel },
      icon("M6 6l8 8M14 6l-8 8"),
    );
    this.root = element("div", { class: "og-panel og-busy", role: "status", hidden: true });
    this.root.append(this.text, cancel);
  }

  show(text: string): void {
    this.text.textContent = text;
    this.root.hidden = text === "";
  }
}

export class Message {
  private readonly title = element("strong");
  private readonly text = element("p");
  readonly root: HTMLElement;

  constructor() {
    this.root = element("div", { class: "og-message", role: "alert", hidden: true });
    this.root.append(this.title, this.text);
  }

  show(title: string, text: string): void {
    this.title.textContent = title;
    this.text.textContent = text;
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
  }
}

export class Live {
  readonly root = element("div", { class: "og-live", "aria-live": "polite" });

  say(text: string): void {
    this.root.textContent = text;
  }
}
