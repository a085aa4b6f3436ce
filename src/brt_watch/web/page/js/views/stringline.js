// The string-line diagram of a line and direction: zoom, pan, hover, export.
import { get } from "../api.js";
import { lineColor } from "../colors.js";
import { entitle, fill, h, icon, segments } from "../dom.js";
import { clock, dateTime, distance, headwayWords, number, rioDay, rioMoment } from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { isAway, missingWords } from "../missing.js";
import { destination, network } from "../network.js";
import { address, amend, here } from "../route.js";
import { onTheme } from "../theme.js";
import { coveredShare, coverageWords, exportBar } from "./save.js";
import { pointWords, Strings } from "./strings.js";

const HOURS = ["1", "2", "4", "6"];

export function enter(root, params) {
  const view = new Diagram(root, params);
  return { update: () => view.load(), leave: () => view.leave() };
}

class Diagram {
  constructor(root) {
    const lines = [...new Set([...network.paths.values()].map((path) => path.linha))];
    this.title = h("h1");
    this.lede = h("p", { class: "lede", "aria-live": "polite" });
    this.line = h("select", { class: "field", id: "diagram-line", onchange: () => this.set({ linha: this.line.value, onibus: null }) },
      lines.map((linha) => h("option", { value: linha })));
    this.direction = segments(t("filter.direction"), [["ida", t("direction.ida")], ["volta", t("direction.volta")]], "ida", (sentido) => this.set({ sentido }));
    this.span = segments(t("diagram.span"), HOURS.map((hours) => [hours, `${hours} h`]), "2", (horas) => this.set({ horas }));
    this.until = h("input", { class: "field", type: "datetime-local", id: "diagram-until", onchange: () => this.set({ ate: this.until.value || null }) });
    this.reading = h("output", { class: "reading" }, t("diagram.hint"));
    this.canvas = h("div", { class: "diagram", tabindex: "0", role: "group", "aria-label": t("diagram.words"), "aria-describedby": "diagram-reading" });
    this.reading.id = "diagram-reading";
    this.table = h("details", { class: "small" });
    const field = (name, input) => h("label", { class: "inline" }, h("span", { class: "label" }, name), input);
    const group = (name, part) => h("div", {}, h("span", { class: "label" }, name), part);
    const button = (name, label, act) => h("button", { class: "button icon", type: "button", "aria-label": label, title: label, onclick: act }, icon(name));
    const key = (kind, text) => h("li", {}, h("i", { class: "stroke", "--cell": kind }), text);
    this.key = h("ul", { class: "keys-row" });
    this.makeKey = () => fill(this.key, key(this.color, t("diagram.trip")),
      key("color-mix(in srgb, var(--poor), transparent 40%)", t("diagram.bunched")), h("li", {}, h("i", { class: "cell hatched" }), t("diagram.gap")));
    root.append(h("div", { class: "page" },
      h("div", { class: "page-head" }, h("div", {}, this.title, this.lede), h("div", { class: "controls" },
        field(t("diagram.line"), this.line), group(t("filter.direction"), this.direction),
        group(t("diagram.span"), this.span), field(t("diagram.until"), this.until))),
      this.canvas, this.reading,
      h("div", { class: "diagram-foot" }, this.key, h("div", { class: "row" },
        button("plus", t("zoom.in"), () => this.zoom(0.7)), button("minus", t("zoom.out"), () => this.zoom(1 / 0.7)), h("button", { class: "button", type: "button", onclick: () => this.reset() }, t("zoom.reset")),
        this.map = h("a", { class: "button" }, icon("map"), t("diagram.map")), this.replay = h("a", { class: "button" }, icon("replay"), t("diagram.replay")))),
      exportBar({ drawing: () => this.svg, about: () => this.about(), rows: () => this.rows(), name: () => this.name(), link: () => this.link() }),
      this.table));
    this.listen();
    this.onLines = () => this.head();
    document.addEventListener("lines", this.onLines);
    get("playback/range").then(({ primeiro }) => { this.first = primeiro && Date.parse(primeiro); if (this.data) this.draw(); }, () => {});
    this.stop = onTheme(() => this.data && this.draw());
    this.resize = new ResizeObserver(() => this.data && this.draw());
    this.resize.observe(this.canvas);
    this.timer = setInterval(() => !this.ate && !this.held && this.load(true), 30000);
    this.load();
  }

  set(values) {
    amend({ zoom: null, ...values });
    this.load();
  }

  /** Fetch and draw what the address asks for. A refresh keeps the part in view. */
  async load(refresh = false) {
    const { params } = here();
    this.linha = params.get("linha") ?? this.line.options[0]?.value;
    this.asking?.abort();
    this.sentido = network.paths.has(`${this.linha} ${params.get("sentido") ?? "ida"}`) ? params.get("sentido") ?? "ida" : network.paths.has(`${this.linha} ida`) ? "ida" : "volta";
    this.hours = HOURS.includes(params.get("horas")) ? params.get("horas") : "2";
    this.ate = params.get("ate");
    this.chosen = params.get("onibus");
    this.line.value = this.linha;
    if (!network.paths.has(`${this.linha} ${this.sentido}`)) {
      this.nothing();
      return;
    }
    this.direction.press(this.sentido);
    this.span.press(this.hours);
    this.until.value = this.ate ?? "";
    const end = this.ate ? rioMoment(this.ate.slice(0, 10), Number(this.ate.slice(11, 13)), Number(this.ate.slice(14, 16))) : live.generated || Date.now();
    this.color = lineColor(network.lines.get(this.linha)?.cor ?? network.geo?.linhas.features.find((feature) => feature.properties.linha === this.linha)?.properties.cor);
    this.makeKey();
    this.head();
    this.map.href = address("mapa", { linha: this.linha, sentido: this.sentido, cor: "linha", onibus: this.chosen });
    this.asking = new AbortController();
    if (!refresh) fill(this.canvas, h("p", { class: "loading" }, t("loading")));
    try {
      const from = end - Number(this.hours) * 3600000;
      const data = await get(`lines/${encodeURIComponent(this.linha)}/stringline`, { sentido: this.sentido, de: new Date(from).toISOString(), ate: new Date(end).toISOString() }, this.asking.signal);
      this.data = data;
      this.whole = { t0: from / 1000, t1: end / 1000, d0: 0, d1: this.data.comprimento_m };
      if (!refresh) this.take(params.get("zoom"));
      else if (!this.zoomed) this.reset(false);
      this.tell(from, end);
      this.draw();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.canvas, h("p", { class: "problem" }, error.message));
    }
  }

  /** Write the names of the line, which may come later than the diagram. */
  head() {
    for (const option of this.line.options) option.textContent = [option.value, network.lines.get(option.value)?.nome].filter(Boolean).join(" · ");
    const end = destination(this.linha, this.sentido);
    this.title.textContent = end ? t("diagram.title", { line: this.linha, end }) : t("diagram.plain", { line: this.linha, direction: t(`direction.${this.sentido}`) });
    entitle(`${this.title.textContent} · ${t("nav.diagrama")}`);
  }

  /** Say that the line of the address has no route, instead of showing another line. */
  nothing() {
    this.data = this.svg = this.strings = null;
    this.line.value = "";
    this.title.textContent = t("diagram.plain", { line: this.linha, direction: t(`direction.${this.sentido}`) });
    entitle(this.title.textContent);
    this.lede.textContent = "";
    fill(this.table);
    fill(this.canvas, h("p", { class: "problem" }, t(network.lines.has(this.linha) ? "diagram.nopath" : "diagram.unknown", { line: this.linha })));
  }

  tell(from, end) {
    const trips = this.data.veiculos.length;
    const { intervalo_mediano_segundos: headway, fracao_comboio: share } = this.data;
    const words = { trips: number(trips), from: dateTime(from), to: clock(end), headway: headwayWords(headway), bunched: `${number(share * 100)}%` };
    const unplanned = headway !== null && share === null;
    this.lede.textContent = missingWords(this.data) ?? (!trips ? t("diagram.none") : t(!headway ? "diagram.few" : unplanned ? "diagram.lede.unplanned" : "diagram.lede", words))
      + (unplanned ? ` ${t("plan.kind")}` : "");
    this.replay.href = address("reproducao", { t: new Date(from).toISOString().slice(0, 19) + "Z" });
    const row = (trip) => {
      const [first, last] = [trip.pontos[0], trip.pontos.at(-1)];
      const hours = (last[0] - first[0]) / 3600;
      return h("tr", {}, h("td", {}, trip.codigo), h("td", {}, clock(first[0] * 1000, true)), h("td", {}, clock(last[0] * 1000, true)),
        h("td", { class: "number" }, distance(last[1] - first[1])),
        h("td", { class: "number" }, hours > 0 ? `${number((last[1] - first[1]) / 1000 / hours)} km/h` : "–"));
    };
    const heads = ["list.bus", "diagram.start", "diagram.finish", "diagram.covered", "diagram.mean"];
    fill(this.table, h("summary", {}, t("diagram.trips")), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("diagram.trips") }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head, i) => h("th", { scope: "col", class: i > 2 ? "number" : null }, t(head))))),
      h("tbody", {}, [...this.data.veiculos].sort((a, b) => a.pontos[0][0] - b.pontos[0][0]).map(row)))));
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !this.data) return;
    this.strings = new Strings(width, height, { data: this.data, color: this.color, chosen: this.chosen, view: this.view, first: this.first });
    this.svg = this.strings.draw();
    fill(this.canvas, this.svg);
  }

  reset(draw = true) {
    this.view = { ...this.whole };
    this.zoomed = false;
    if (!draw) return;
    amend({ zoom: null });
    this.draw();
  }

  /** Show the part that an address names: seconds and metres. */
  take(zoom) {
    const [t0, t1, d0, d1] = (zoom ?? "").split(",").map(Number);
    this.reset(false);
    if (!(t1 > t0 && d1 > d0)) return;
    this.view = { t0, t1, d0, d1 };
    this.bound();
  }

  /** Write the part in view into the address, with the time that it belongs to. */
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.ate ??= this.minute();
      this.until.value = this.ate;
      amend({ ate: this.ate, zoom: this.zoomed ? this.part() : null });
    }, 400);
  }

  /** Return the end of the period as the address has it, in whole minutes of Rio. */
  minute() {
    const end = Math.ceil(this.whole.t1 / 60) * 60000;
    return `${rioDay(end)}T${clock(end)}`;
  }

  part() {
    return ["t0", "t1", "d0", "d1"].map((key) => Math.round(this.view[key])).join(",");
  }

  /** Return a link to exactly this picture, whenever it is opened. */
  link() {
    const place = address("diagrama", { linha: this.linha, sentido: this.sentido, horas: this.hours, ate: this.ate ?? this.minute(), onibus: this.chosen, zoom: this.zoomed ? this.part() : null });
    return location.href.split("#")[0] + place;
  }

  about() {
    const { de, ate, lacunas } = this.data;
    const [from, to] = [Date.parse(de), Date.parse(ate)];
    return { title: this.title.textContent, subtitle: `${dateTime(from)} – ${dateTime(to)} · ${t(`direction.${this.sentido}`)}`, coverage: coverageWords(isAway(this.data) ? null : coveredShare(from, to, lacunas)) };
  }

  rows() {
    return this.data.veiculos.map((trip) => {
      const [first, last] = [trip.pontos[0], trip.pontos.at(-1)];
      const iso = (second) => new Date(second * 1000).toISOString();
      return { linha: this.linha, sentido: this.sentido, onibus: trip.codigo, primeiro_sinal: iso(first[0]), ultimo_sinal: iso(last[0]), metros: Math.round(last[1] - first[1]) };
    });
  }

  /** Zoom around a place of the drawing, by default its middle; `axes` says in which ways. */
  zoom(factor, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2, axes = "td") {
    if (!this.strings || !this.data) return;
    const [second, metres] = this.strings.at(px, py);
    const around = (low, high, middle) => [middle - (middle - low) * factor, middle + (high - middle) * factor];
    const { view } = this;
    if (axes.includes("t")) [view.t0, view.t1] = around(view.t0, view.t1, second);
    if (axes.includes("d")) [view.d0, view.d1] = around(view.d0, view.d1, metres);
    this.keep();
  }

  pan(dx, dy) {
    const { view, strings } = this;
    const seconds = (dx / strings.box.width) * (view.t1 - view.t0);
    const metres = (dy / strings.box.height) * (view.d1 - view.d0);
    Object.assign(view, { t0: view.t0 - seconds, t1: view.t1 - seconds, d0: view.d0 + metres, d1: view.d1 + metres });
    this.keep();
  }

  keep() {
    this.bound();
    this.settle();
    this.draw();
  }

  /** Keep the view within the whole. */
  bound() {
    const { view, whole } = this;
    for (const [low, high, least] of [["t0", "t1", 300], ["d0", "d1", 1000]]) {
      const size = Math.min(whole[high] - whole[low], Math.max(least, view[high] - view[low]));
      view[low] = Math.min(Math.max(view[low], whole[low]), whole[high] - size);
      view[high] = view[low] + size;
    }
    this.zoomed = Object.keys(whole).some((key) => Math.abs(view[key] - whole[key]) > 1);
  }

  listen() {
    const { canvas } = this;
    const pointers = new Map();
    const local = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(Math.sign(event.deltaY) * 0.16), ...local(event), event.shiftKey ? "t" : "td");
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, local(event));
      this.held = true;
      canvas.classList.add("dragging");
    });
    const up = (event) => {
      pointers.delete(event.pointerId);
      this.held = pointers.size > 0;
      canvas.classList.toggle("dragging", this.held);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointermove", (event) => {
      if (!this.strings) return;
      const now = local(event);
      const before = pointers.get(event.pointerId);
      if (before && pointers.size === 1) this.pan(now[0] - before[0], now[1] - before[1]);
      else if (before) {
        const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
        const apart = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
        this.zoom(apart(before) / apart(now), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      } else {
        const found = this.strings.nearest(...now);
        this.strings.mark(this.svg, found);
        this.reading.textContent = found ? pointWords(found, this.data.estacoes) : t("diagram.hint");
        return;
      }
      pointers.set(event.pointerId, now);
    });
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("keydown", (event) => {
      const acts = {
        "+": () => this.zoom(0.8), "=": () => this.zoom(0.8), "-": () => this.zoom(1.25), 0: () => this.reset(),
        ArrowLeft: () => this.pan(60, 0), ArrowRight: () => this.pan(-60, 0), ArrowUp: () => this.pan(0, 40), ArrowDown: () => this.pan(0, -40),
      };
      if (!acts[event.key] || !this.strings) return;
      event.preventDefault();
      acts[event.key]();
    });
  }

  name() {
    return `brt-${this.linha}-${this.sentido}-${rioDay(this.whole.t1 * 1000)}-${clock(this.whole.t1 * 1000).replace(":", "h")}`;
  }

  leave() {
    clearInterval(this.timer);
    clearTimeout(this.settling);
    document.removeEventListener("lines", this.onLines);
    this.resize.disconnect();
    this.stop();
    this.asking?.abort();
  }
}
