// The vehicles of a further feed on the map, by the word of that feed: nothing is derived from them.
import { get } from "../api.js";
import { lineColor, statusColor } from "../colors.js";
import { entitle, fill, h } from "../dom.js";
import { age, number, speed } from "../format.js";
import { t } from "../i18n.js";
import { ageOf } from "../live.js";
import { addTip, addZoomButtons } from "../map/controls.js";
import { Glides } from "../map/glide.js";
import { makeStage } from "../map/stage.js";
import { BOUNDS } from "../map/style.js";
import { network } from "../network.js";
import { amend } from "../route.js";
import { feedChoice } from "./feed-choice.js";
import { vehicleList } from "./vehicle-list.js";

const ASK_EVERY = 20000;

export function enter(root, params) {
  let view = new FeedMap(root, params);
  return {
    update: (next) => {
      if (next.get("id") === view.feed) return;
      view.leave();
      view = new FeedMap(fill(root), next);
    },
    leave: () => view.leave(),
  };
}

class FeedMap {
  constructor(root, params) {
    this.feed = params.get("id") ?? "";
    this.choice = { onibus: params.get("onibus") };
    this.vehicles = new Map();
    this.matching = [];
    this.glides = new Glides(this.vehicles);
    this.total = h("p", { class: "headline" });
    this.state = h("p", { class: "small", role: "status" });
    this.list = h("div", { class: "list" });
    this.handle = h("button", { class: "handle", type: "button", "aria-expanded": "false", "aria-label": t("drawer.open"), onclick: () => this.open() }, h("i"));
    this.drawer = h("aside", { class: "drawer", "aria-label": t("feed.label") }, this.handle, feedChoice(this.feed),
      h("div", { class: "now" }, this.total, this.state, h("p", { class: "muted small" }, t("feed.word"))), this.list);
    this.mapBox = h("div", { class: "map" });
    root.append(h("h1", { class: "unseen" }, `${t("nav.mapa")}: ${this.feed}`), this.drawer, this.mapBox);
    entitle(`${this.feed} · ${t("nav.mapa")}`);
    this.ask();
    this.turns = [setInterval(() => this.ask(), ASK_EVERY), setInterval(() => this.refresh(), 1000)];
    this.draw();
  }

  async draw() {
    try {
      const stage = await makeStage(this.mapBox, this.glides, {});
      if (this.left) {
        stage.remove();
        return;
      }
      this.stage = stage;
    } catch (error) {
      this.mapBox.append(h("p", { class: "problem" }, t("map.missing", { why: error.message })));
      return;
    }
    this.stage.map.on("click", ({ point }) => this.set({ onibus: this.stage.fleet.pick(point.x, point.y) }));
    addTip(this.mapBox, this.stage, (codigo) => this.words(this.vehicles.get(codigo)));
    addZoomButtons(this.mapBox, this.stage.map);
    this.show();
  }

  async ask() {
    try {
      const [{ features, gerado_em, ultima_resposta }, { feeds }] = await Promise.all([get("vehicles", { feed: this.feed }), get("feeds")]);
      const now = performance.now();
      // Which vehicles there are is the feed's word too: those that it does not list any more are not shown.
      this.vehicles.clear();
      for (const { properties, geometry } of features) {
        const [longitude, latitude] = geometry.coordinates;
        this.vehicles.set(properties.codigo, { ...properties, longitude, latitude, desvio_m: null, heard: now });
      }
      this.glides.take(this.vehicles.keys());
      const answered = ultima_resposta && now - (Date.parse(gerado_em) - Date.parse(ultima_resposta));
      this.reported = { answered, ...feeds.find(({ feed }) => feed === this.feed) };
      this.problem = null;
    } catch (error) {
      this.problem = error.message;
    }
    if (!this.left) this.show();
  }

  /** Draw the vehicles as last asked for. */
  show() {
    const now = performance.now();
    this.matching = [...this.vehicles.values()];
    const items = this.matching.map((vehicle) => ({
      codigo: vehicle.codigo, label: vehicle.linha, chosen: vehicle.codigo === this.choice.onibus,
      color: network.lines.has(vehicle.linha) ? lineColor(network.lines.get(vehicle.linha).cor) : statusColor(null), rank: -ageOf(vehicle, now),
    }));
    this.stage?.fleet.show(items.sort((a, b) => Number(a.chosen) - Number(b.chosen) || a.rank - b.rank));
    fill(this.list, vehicleList(this, now));
    this.refresh();
  }

  /** Say how many there are, and how old that is. */
  refresh() {
    const [[west, south], [east, north]] = BOUNDS;
    const inside = ({ longitude, latitude }) => longitude >= west && longitude <= east && latitude >= south && latitude <= north;
    const outside = this.matching.filter((vehicle) => !inside(vehicle)).length;
    const count = this.matching.length;
    fill(this.total, h("b", {}, number(count)), " ", h("span", {}, t("feed.count", { count })), " ", h("span", {}, outside > 0 && t("feed.outside", { count: number(outside) })));
    const sentences = [this.problem ?? (this.reported && this.answered()), this.reported?.situacao === "failed" && t("feed.failed", { why: this.reported.motivo }), this.reported?.motivo === "no_vehicles" && t("feed.none")];
    const text = sentences.filter(Boolean).join(" ");
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  answered() {
    return this.reported.answered ? t("feed.answered", { feed: this.feed, age: age((performance.now() - this.reported.answered) / 1000) }) : t("feed.unasked", { feed: this.feed });
  }

  words(vehicle) {
    return vehicle && [vehicle.linha ?? t("line.none"), vehicle.codigo, speed(vehicle.velocidade), age(ageOf(vehicle))].join(" · ");
  }

  /** Choose a vehicle, or none. */
  set({ onibus }) {
    this.choice = { onibus };
    amend({ onibus });
    this.show();
    this.list.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  }

  open() {
    const up = this.drawer.classList.toggle("open");
    this.handle.setAttribute("aria-expanded", String(up));
    this.handle.setAttribute("aria-label", t(up ? "drawer.close" : "drawer.open"));
  }

  leave() {
    this.left = true;
    this.turns.forEach(clearInterval);
    this.stage?.remove();
  }
}
