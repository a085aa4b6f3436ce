// The drawer of the live map: search, vehicles in service, filters that double as the legend, and the list.
import { lineColor, statusColor, STATUSES, inkOn } from "../colors.js";
import { fill, h, segments } from "../dom.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { AGES, ageClass, ageOf, inService, live } from "../live.js";
import { network } from "../network.js";
import { feedChoice } from "./feed-choice.js";
import { matches } from "./live-map.js";
import { searchBox } from "./search.js";
import { vehicleList } from "./vehicle-list.js";

/** The corridors of the BRT; the GTFS of another city, which the server names, has none. */
const CORRIDORS = document.documentElement.dataset.city ? [] : ["TransOeste", "TransCarioca", "TransOlimpica", "TransBrasil"];

export class Drawer {
  constructor(view) {
    this.view = view;
    this.search = () => { this.open(true); this.box.input.focus(); };
    this.box = searchBox(view);
    this.total = h("p", { class: "headline" });
    this.mix = h("div", { class: "mix", "aria-hidden": "true" });
    this.statuses = h("div", { class: "legend", role: "group", "aria-label": t("filter.status") });
    this.lines = h("div", { class: "chips", role: "group", "aria-label": t("filter.line") });
    this.corridors = h("div", { class: "chips", role: "group", "aria-label": t("filter.corridor") });
    this.ages = h("div", { role: "group", "aria-label": t("filter.age") });
    this.color = segments(t("color.by"), [["status", t("color.status")], ["linha", t("color.line")]], view.choice.cor, (cor) => view.set({ cor: cor === "status" ? null : cor }));
    this.direction = segments(t("filter.direction"), [["", t("direction.all")], ["ida", t("direction.ida")], ["volta", t("direction.volta")]], view.choice.sentido, (sentido) => view.set({ sentido }));
    this.layers = h("div", { role: "group", "aria-label": t("layers") });
    this.list = h("div", { class: "list", hidden: true });
    this.tabs = segments(t("drawer.show"), [["filtros", t("drawer.filters")], ["lista", t("drawer.list")]], "filtros", (name) => this.tab(name));
    this.clear = h("button", { class: "link small", type: "button", hidden: true, onclick: () => view.set({ linha: null, sentido: null, corredor: null, status: null, idade: null }) }, t("filter.clear"));
    const group = (title, ...parts) => h("section", { class: "group" }, h("h2", { class: "label" }, title), ...parts);
    this.filters = h("div", { class: "filters" },
      group(h("span", { class: "row" }, t("filter.status"), this.color), this.statuses),
      group(t("filter.line"), this.lines),
      group(t("filter.direction"), this.direction),
      CORRIDORS.length > 0 && group(t("filter.corridor"), this.corridors),
      group(t("filter.age"), this.ages),
      group(t("layers"), this.layers),
      h("p", { class: "muted small keys" }, t("keys"), " ", h("a", { href: "/api/docs" }, t("api"))));
    this.handle = h("button", { class: "handle", type: "button", "aria-expanded": "false", "aria-label": t("drawer.open"), onclick: () => this.open(!this.element.classList.contains("open")) }, h("i"));
    this.element = h("aside", { class: "drawer", "aria-label": t("drawer.label") },
      this.handle, this.box.element, feedChoice(), h("div", { class: "now" }, this.total, this.mix), h("div", { class: "row tabs" }, this.tabs, this.clear), this.filters, this.list);
  }

  /** On a phone the drawer is a sheet: up or down. */
  open(up) {
    this.element.classList.toggle("open", up);
    this.handle.setAttribute("aria-expanded", String(up));
    this.handle.setAttribute("aria-label", t(up ? "drawer.close" : "drawer.open"));
  }

  tab(name) {
    this.tabs.press(name);
    this.filters.hidden = name === "lista";
    this.list.hidden = name !== "lista";
    this.refresh();
  }

  streetsLost() {
    this.view.set({ ruas: null });
    this.streetsNote = true;
    this.refresh();
  }

  refresh(now = performance.now()) {
    const { choice } = this.view;
    const counts = { status: new Map(), linha: new Map(), corredor: new Map(), idade: new Map() };
    const count = (of, key) => counts[of].set(key, (counts[of].get(key) ?? 0) + 1);
    let running = 0;
    for (const vehicle of live.vehicles.values()) {
      const age = ageClass(ageOf(vehicle, now));
      if (matches(vehicle, choice, age, "status")) count("status", vehicle.status ?? "-");
      if (matches(vehicle, choice, age, "linha")) count("linha", vehicle.linha);
      if (matches(vehicle, choice, age, "corredor")) vehicle.corredores?.forEach((name) => count("corredor", name));
      if (matches(vehicle, choice, age, "idade")) count("idade", age);
      if (matches(vehicle, choice, age) && inService(vehicle)) running += 1;
    }
    fill(this.total, h("b", {}, number(running)), " ", h("span", {}, t("drawer.running", { count: running })), " ", h("span", {}, t("drawer.all", { all: number(this.view.matching?.length ?? 0) })));
    this.clear.hidden = !(choice.linha.length || choice.sentido || choice.corredor.length || choice.status.length || choice.idade.join() !== AGES.slice(0, 3).join());
    this.drawStatuses(counts.status);
    this.drawLines(counts.linha);
    fill(this.corridors, CORRIDORS.map((name) => this.chip("corredor", name, name.replace("Olimpica", "Olímpica"), counts.corredor.get(name) ?? 0)));
    this.keepFocus(this.ages, () => AGES.map((name) => this.check(t(`age.${name}`), choice.idade.includes(name), counts.idade.get(name) ?? 0, (on) => {
      const ages = AGES.filter((other) => (other === name ? on : choice.idade.includes(other)));
      this.view.set({ idade: ages.join() === AGES.slice(0, 3).join() ? null : ages.join() || "-" });
    })));
    this.drawLayers();
    this.color.press(choice.cor);
    this.direction.press(choice.sentido);
    if (!this.list.hidden) this.keepFocus(this.list, () => [vehicleList(this.view, now)]);
  }

  drawStatuses(counts) {
    const { choice } = this.view;
    const known = Object.keys(STATUSES).map((name) => name || "-");
    const sum = known.reduce((all, name) => all + (counts.get(name) ?? 0), 0) || 1;
    fill(this.mix, known.map((name) => h("i", { "--share": (counts.get(name) ?? 0) / sum, "--dot": statusColor(name === "-" ? "" : name) })));
    this.keepFocus(this.statuses, () => known.map((name) => h("button", {
      type: "button", class: "entry", "data-key": name, "aria-pressed": String(choice.status.includes(name)),
      onclick: () => this.toggle("status", name),
    }, h("i", { class: name === "-" ? "dot hollow" : "dot", "--dot": statusColor(name === "-" ? "" : name) }), h("span", {}, t(`status.${name}`)), h("span", { class: "count" }, number(counts.get(name) ?? 0)))));
  }

  drawLines(counts) {
    this.keepFocus(this.lines, () => [...network.lines.values()].map((line) => this.chip("linha", line.linha, line.linha, counts.get(line.linha) ?? 0, line)));
  }

  chip(key, value, text, count, line = null) {
    const color = line ? lineColor(line.cor) : null;
    const properties = {
      type: "button", class: count ? "chip" : "chip none", "data-key": value, "aria-pressed": String(this.view.choice[key].includes(value)),
      "aria-label": line ? t("line.chip", { line: value, name: line.nome, count }) : t("chip.count", { name: text, count }),
      title: line ? `${line.nome} · ${number(count)}` : number(count), onclick: () => this.toggle(key, value),
    };
    return h("button", { ...properties, "--line": color, "--line-ink": color && inkOn(color) }, text, line && h("i", { class: "swatch" }));
  }

  drawLayers() {
    const { choice } = this.view;
    const hide = (name) => (on) => this.view.set({ ocultar: on ? choice.ocultar.filter((other) => other !== name) : [...choice.ocultar, name] });
    this.keepFocus(this.layers, () => [
      ...["stations", "garages"].map((name) => this.check(t(`layer.${name}`), !choice.ocultar.includes(name), null, hide(name))),
      this.check(t("layer.streets"), choice.ruas, null, (on) => { this.streetsNote = false; this.view.set({ ruas: on ? "1" : null }); }),
      this.streetsNote && h("p", { class: "muted small", role: "status" }, t("layer.streets.lost")),
    ]);
  }

  check(text, on, count, act) {
    return h("label", { class: "check" }, h("input", { type: "checkbox", checked: on, "data-key": text, onchange: (event) => act(event.target.checked) }), text,
      count !== null && h("span", { class: "count" }, number(count)));
  }

  toggle(key, value) {
    const chosen = this.view.choice[key];
    const next = chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value];
    this.view.set({ [key]: next });
    if (key === "linha" && next.length === 1 && next[0] === value) this.view.stage?.fit(value);
  }

  /** Redraw a box and keep the focus where it was. */
  keepFocus(box, parts) {
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    fill(box, parts());
    if (focused) box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}
