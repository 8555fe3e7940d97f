// What a report does in the browser: move and zoom the pictures, find a pair in both and in the
// table, sort and filter the table, draw the charts. Without it the page still tells everything.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const keysOf = (text) => (text ? text.split(" ") : []);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  let isPrinting = false;

  class Picture {
    constructor(figure) {
      this.frame = figure.querySelector(".frame");
      this.svg = figure.querySelector("svg");
      this.map = figure.querySelector(".map");
      const { x, y, width, height } = this.svg.viewBox.baseVal;
      this.whole = { x, y, width, height };
      this.items = new Map(all("[data-k]", this.svg).map((item) => [item.dataset.k, item]));
      this.runs = all(".run", this.svg).map((run) => ({ run, isShown: true, box: this.around(all("[data-k]", run)) }));
      this.measure();
      this.begin();
      this.listen(figure);
    }

    // Asked once a resize: the browser lays out all labels to answer.
    measure() {
      this.size = [this.frame.clientWidth || 1, this.frame.clientHeight || 1];
    }

    get fitting() {
      const [width, height] = this.size;
      return Math.min(width / this.whole.width, height / this.whole.height, 1.4);
    }

    // A tall graph begins at its top where it can be read; the map beside it shows the whole.
    begin() {
      if (this.fitting >= 0.45) return this.fit();
      const [width, height] = this.size;
      const scale = clamp(width / this.whole.width, 0.5, 0.8);
      const [first] = [...this.items.values()].map((item) => this.boxOf(item)).sort((a, b) => a.y - b.y);
      const middle = first ? first.x + first.width / 2 : this.whole.x + this.whole.width / 2;
      this.look([middle, this.whole.y + height / scale / 2], scale);
    }

    fit() {
      const { x, y, width, height } = this.whole;
      this.look([x + width / 2, y + height / 2], this.fitting);
    }

    look(centre, scale) {
      this.centre = centre;
      this.scale = clamp(scale, Math.min(this.fitting, 0.02), 4);
      const [width, height] = this.size.map((side) => side / this.scale);
      const box = [centre[0] - width / 2, centre[1] - height / 2, width, height];
      this.svg.setAttribute("viewBox", box.map((value) => value.toFixed(2)).join(" "));
      this.svg.classList.toggle("far", this.scale < 0.28 && this.items.size > 300);
      this.hide(box);
      this.drawMap(box);
    }

    // What is far outside takes no part in the drawing: with it, large graphs would not move.
    hide([x, y, width, height]) {
      for (const one of this.runs) {
        const { left, top, right, bottom } = one.box;
        const isAcross = left < x + 1.5 * width && right > x - 0.5 * width;
        const isShown = isAcross && top < y + 1.5 * height && bottom > y - 0.5 * height;
        if (isShown !== one.isShown) one.run.style.display = isShown ? "" : "none";
        one.isShown = isShown;
      }
    }

    zoom(factor, at = this.size.map((side) => side / 2)) {
      const scale = clamp(this.scale * factor, Math.min(this.fitting, 0.02), 4);
      const away = this.size.map((side, i) => at[i] - side / 2);
      const centre = this.centre.map((c, i) => c + away[i] / this.scale - away[i] / scale);
      this.look(centre, scale);
    }

    boxOf(item) {
      const [, x, y] = /translate\((\S+) (\S+)\)/.exec(item.getAttribute("transform"));
      const rect = item.querySelector(".r");
      const [width, height] = ["width", "height"].map((name) => Number(rect.getAttribute(name)));
      return { x: Number(x), y: Number(y), width, height };
    }

    around(items) {
      const boxes = items.map((item) => this.boxOf(item));
      return {
        left: Math.min(...boxes.map((b) => b.x)),
        top: Math.min(...boxes.map((b) => b.y)),
        right: Math.max(...boxes.map((b) => b.x + b.width)),
        bottom: Math.max(...boxes.map((b) => b.y + b.height)),
      };
    }

    // Brings items to the middle, as large as they can be read.
    show(keys) {
      const items = keys.map((key) => this.items.get(key)).filter(Boolean);
      if (!items.length) return;
      const { left, top, right, bottom } = this.around(items);
      const [width, height] = this.size;
      const most = Math.min(width / (right - left + 80), height / (bottom - top + 80));
      this.look([(left + right) / 2, (top + bottom) / 2], Math.min(most, clamp(this.scale, 0.8, 1.4)));
    }

    mark(name, keys) {
      for (const item of all(`.${name}`, this.svg)) item.classList.remove(name);
      for (const key of keys) this.items.get(key)?.classList.add(name);
    }

    // The whole as a small picture at the side, with a frame around what is seen.
    drawMap([x, y, width, height]) {
      const { map, whole } = this;
      const isAll = width >= whole.width && height >= whole.height;
      map.style.display = isAll ? "none" : "block";
      if (isAll) return;
      const ratio = devicePixelRatio || 1;
      const down = Math.min((this.size[1] - 18) / whole.height, 90 / whole.width);
      const across = Math.max(down, 26 / whole.width); // a very tall graph is drawn wider than it is
      map.style.width = `${Math.ceil(whole.width * across) + 2}px`;
      map.style.height = `${Math.ceil(whole.height * down) + 2}px`;
      if (this.mapScale !== down) this.paintMap(across, down, ratio);
      map.width = this.painted.width;
      map.height = this.painted.height;
      const paper = map.getContext("2d");
      paper.drawImage(this.painted, 0, 0);
      paper.strokeStyle = getComputedStyle(map).getPropertyValue("--select");
      paper.lineWidth = 1.5 * ratio;
      paper.strokeRect((x - whole.x) * across * ratio, (y - whole.y) * down * ratio,
        width * across * ratio, Math.max(height * down, 3) * ratio);
      this.mapAt = (px, py) => [whole.x + px / across, whole.y + py / down];
    }

    paintMap(across, down, ratio) {
      const { whole } = this;
      this.mapScale = down;
      this.painted = document.createElement("canvas");
      this.painted.width = Math.ceil(whole.width * across * ratio);
      this.painted.height = Math.ceil(whole.height * down * ratio);
      const paper = this.painted.getContext("2d");
      paper.scale(across * ratio, down * ratio);
      paper.translate(-whole.x, -whole.y);
      // What differs comes last, so that no neighbour hides it.
      const rank = (item) => (item.dataset.d ? 1 : 0);
      for (const item of [...this.items.values()].sort((x, y) => rank(x) - rank(y))) {
        const box = this.boxOf(item);
        const look = getComputedStyle(item.querySelector(".r"));
        const isFilled = item.classList.contains("e") || item.dataset.d;
        const least = item.dataset.d ? 2.5 : 1.5;
        const width = Math.max(box.width, least / across), height = Math.max(box.height, least / down);
        paper.fillStyle = isFilled ? look.fill : look.stroke;
        paper.fillRect(box.x, box.y, width, height);
        const strip = all(":scope > rect[fill]", item);
        const inset = strip[0]?.x.baseVal.value ?? 0;
        for (const part of strip) {
          paper.fillStyle = getComputedStyle(part).fill;
          const place = (value) => (value / (box.width - 2 * inset)) * width;
          const from = place(part.x.baseVal.value - inset);
          paper.fillRect(box.x + from, box.y, place(part.width.baseVal.value), height);
        }
      }
    }

    // On paper frames have other sizes: the browser fits the drawing into them.
    showWhole() {
      const { x, y, width, height } = this.whole;
      this.svg.setAttribute("viewBox", [x, y, width, height].join(" "));
      this.svg.classList.remove("far");
      for (const one of this.runs) {
        one.isShown = true;
        one.run.style.display = "";
      }
    }

    repaint() {
      if (isPrinting) return;
      this.measure();
      this.mapScale = 0;
      this.look(this.centre, this.scale);
    }

    listen(figure) {
      const { frame, map } = this;
      let held = null;
      frame.addEventListener("pointerdown", (event) => {
        if (event.button || event.target === map) return;
        held = { x: event.clientX, y: event.clientY, isMoved: false, item: event.target.closest("[data-k]") };
        frame.focus({ preventScroll: true });
        frame.setPointerCapture(event.pointerId);
      });
      frame.addEventListener("pointermove", (event) => {
        if (!held) return;
        const dx = event.clientX - held.x, dy = event.clientY - held.y;
        if (!held.isMoved && Math.hypot(dx, dy) < 4) return;
        frame.classList.add("held");
        this.look([this.centre[0] - dx / this.scale, this.centre[1] - dy / this.scale], this.scale);
        Object.assign(held, { x: event.clientX, y: event.clientY, isMoved: true });
      });
      const release = (event) => {
        frame.classList.remove("held");
        if (held && !held.isMoved && event.type === "pointerup") clicked(this, held.item);
        held = null;
      };
      frame.addEventListener("pointerup", release);
      frame.addEventListener("pointercancel", release);
      frame.addEventListener("pointerover", (event) => pointed(this, event.target.closest("[data-k]")));
      frame.addEventListener("pointerleave", () => pointed(this, null));
      frame.addEventListener("wheel", (event) => {
        if (document.activeElement !== frame && !event.ctrlKey) return;
        event.preventDefault();
        const { left, top } = frame.getBoundingClientRect();
        this.zoom(Math.exp(-clamp(event.deltaY, -120, 120) / 300), [event.clientX - left, event.clientY - top]);
      }, { passive: false });
      frame.addEventListener("keydown", (event) => {
        const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
        const step = steps[event.key];
        if (step) this.look(this.centre.map((c, i) => c + (step[i] * 60) / this.scale), this.scale);
        else if (event.key === "+" || event.key === "=") this.zoom(1.25);
        else if (event.key === "-") this.zoom(0.8);
        else if (event.key === "0") this.fit();
        else return;
        event.preventDefault();
      });
      for (const type of ["pointerdown", "pointermove"]) {
        map.addEventListener(type, (event) => {
          if (event.buttons === 1 && this.mapAt) this.look(this.mapAt(event.offsetX, event.offsetY), this.scale);
        });
      }
      for (const button of all("[data-do]", figure)) {
        const does = { in: () => this.zoom(1.35), out: () => this.zoom(1 / 1.35), fit: () => this.fit() };
        button.addEventListener("click", does[button.dataset.do]);
      }
      new ResizeObserver(() => this.repaint()).observe(frame);
    }
  }

  const [a, b] = all(".picture").map((figure) => new Picture(figure));
  const rows = all(".pairs tbody tr");
  const rowOf = new Map(rows.map((row) => [row.dataset.p, row]));
  const told = document.querySelector(".pointed");
  const hint = told.textContent;
  let points = [];

  function pointed(picture, item) {
    const other = picture === a ? b : a;
    picture.mark("hot", item ? [item.dataset.k] : []);
    other.mark("hot", item ? keysOf(item.dataset.t) : []);
    told.textContent = item?.querySelector("title, text")?.textContent ?? hint;
  }

  function clicked(picture, item) {
    if (!item) return choose(null, [], []);
    const mine = [item.dataset.k], theirs = keysOf(item.dataset.t);
    const isA = picture === a;
    (isA ? b : a).show(theirs);
    choose(item.dataset.p, isA ? mine : theirs, isA ? theirs : mine);
    const row = rowOf.get(item.dataset.p);
    if (row) row.parentElement.closest(".scroll").scrollTop = row.offsetTop - 120;
  }

  function choose(pair, keysA, keysB) {
    a.mark("on", keysA);
    b.mark("on", keysB);
    for (const row of all("tr.on")) row.classList.remove("on");
    rowOf.get(pair)?.classList.add("on");
    for (const source of points) {
      const at = source.data.pair.indexOf(Number(pair));
      source.selected.indices = pair != null && at >= 0 ? [at] : [];
    }
  }

  // Pictures that a reader cannot see would move for nobody.
  function reveal() {
    const section = document.querySelector(".pictures");
    const { top, bottom } = section.getBoundingClientRect();
    if (bottom < 280 || top > innerHeight - 280) section.scrollIntoView({ block: "start" });
  }

  function go(pair) {
    const row = rowOf.get(pair);
    if (!row) return;
    reveal();
    const keys = [keysOf(row.dataset.a), keysOf(row.dataset.b)];
    a.show(keys[0]);
    b.show(keys[1]);
    choose(pair, ...keys);
  }

  function onPick(row, act) {
    row.addEventListener("click", () => act());
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter") act();
    });
  }
  for (const row of rows) onPick(row, () => go(row.dataset.p));
  for (const row of all(".go")) onPick(row, () => go(row.dataset.go));

  // -- sort and filter ---------------------------------------------------------------------------
  const search = document.querySelector(".search");
  const chips = all(".chip");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function filter() {
    const kinds = new Set(chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.kind));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const row of rows) {
      const text = texts.get(row);
      row.hidden = !kinds.has(row.dataset.kind) || !words.every((word) => text.includes(word));
      if (!row.hidden) n++;
    }
    document.querySelector(".shown").textContent = `${n.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  }

  if (search) {
    search.addEventListener("input", filter);
    for (const chip of chips) {
      chip.addEventListener("click", () => {
        chip.ariaPressed = chip.ariaPressed === "true" ? "false" : "true";
        filter();
      });
    }
    filter();
  }

  all(".pairs th").forEach((head, at) => {
    head.tabIndex = 0;
    onPick(head, () => {
      const isNumber = head.classList.contains("num");
      const falls = head.ariaSort === "ascending" || (isNumber && head.ariaSort !== "descending");
      for (const other of all(".pairs th")) other.removeAttribute("aria-sort");
      head.ariaSort = falls ? "descending" : "ascending";
      const value = (row) => {
        const cell = row.cells[at];
        if (!isNumber) return cell.textContent;
        return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
      };
      const order = (x, y) => (isNumber ? x - y : x.localeCompare(y, "en", { numeric: true }));
      const sorted = rows.map((row) => [value(row), row]).sort(([x], [y]) => {
        if (x === null || y === null) return (x === null) - (y === null);
        return falls ? order(y, x) : order(x, y);
      });
      rows[0].parentElement.append(...sorted.map(([, row]) => row));
    });
  });

  // -- charts --------------------------------------------------------------------------------------
  function dress(documents) {
    const style = getComputedStyle(document.documentElement);
    const [ink, quiet, line] = ["--ink", "--quiet", "--line"].map((name) => style.getPropertyValue(name).trim());
    for (const one of documents) {
      for (const model of one.all_models ?? one._all_models.values()) {
        if ("major_label_text_color" in model.properties) {
          model.setv({ major_label_text_color: ink, axis_label_text_color: quiet, axis_line_color: line, major_tick_line_color: line });
        }
        if ("grid_line_color" in model.properties && model.grid_line_color !== null) {
          model.setv({ grid_line_color: line });
        }
      }
    }
  }

  async function draw() {
    for (const block of all(".chart-data")) await Bokeh.embed.embed_item(JSON.parse(block.textContent));
    const documents = Bokeh.documents;
    dress(documents);
    isDark.addEventListener("change", () => isPrinting || dress(documents));
    points = documents.map((one) => one.get_model_by_name("points")).filter(Boolean);
    for (const source of points) {
      source.selected.properties.indices.change.connect(() => {
        const [at] = source.selected.indices;
        const pair = at === undefined ? null : String(source.data.pair[at]);
        if (pair !== null && !rowOf.get(pair)?.classList.contains("on")) go(pair);
      });
    }
  }

  isDark.addEventListener("change", () => [a, b].forEach((one) => one.repaint()));
  addEventListener("beforeprint", () => {
    isPrinting = true; // charts keep their colours: there is no time to paint them anew
    document.documentElement.classList.toggle("was-dark", isDark.matches);
    [a, b].forEach((one) => one.showWhole());
  });
  addEventListener("afterprint", () => {
    isPrinting = false;
    [a, b].forEach((one) => one.begin());
  });
  if (document.querySelector(".chart-data")) draw();
})();
