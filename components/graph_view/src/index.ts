// The module that Panel loads: one app a view, replaced when Panel renders the view again.
import { App } from "./app";
import type { PanelModel } from "./host";

interface RenderContext {
  view: object;
  model: PanelModel & { on(event: "remove", react: () => void): void };
}

const apps = new WeakMap<object, App>();

export function render({ view, model }: RenderContext): HTMLElement {
  const previous = apps.get(view);
  previous?.dispose();
  const app = new App(model, previous?.camera ?? null);
  apps.set(view, app);
  model.on("remove", () => app.dispose());
  return app.root;
}

export default { GraphView: { render } };
