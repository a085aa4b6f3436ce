// The live map: every bus, its details, and the same buses as a list.
import { lineColor, statusColor } from "../colors.js";
import { entitle, h } from "../dom.js";
import { t } from "../i18n.js";
import { AGES, ageClass, ageOf, live } from "../live.js";
import { addTip, addZoomButtons } from "../map/controls.js";
import { Glides } from "../map/glide.js";
import { makeStage } from "../map/stage.js";
import { network } from "../network.js";
import { amend, here } from "../route.js";
import { onTheme } from "../theme.js";
import { Drawer } from "./drawer.js";
import { stationPanel } from "./station-panel.js";
import { vehiclePanel } from "./vehicle-panel.js";

/** Return the filters and the selection in the address. */
export function choiceOf(params) {
  const list = (name) => (params.get(name) ?? "").split(",").filter(Boolean);
  return {
    linha: list("linha"), sentido: params.get("sentido") ?? "", corredor: list("corredor"), status: list("status"),
    idade: params.has("idade") ? list("idade") : AGES.slice(0, 3), cor: params.get("cor") ?? "status",
    onibus: params.get("onibus"), estacao: params.get("estacao"), ocultar: list("ocultar"), ruas: params.get("ruas") === "1",
  };
}

/** Return the part of the map that the address names, null without one. */
export function cameraOf(params) {
  const [zoom, latitude, longitude] = (params.get("vista") ?? "").split("/").map(Number);
  return longitude && Number.isFinite(zoom) && Math.abs(latitude) < 85 ? { zoom, center: [longitude, latitude] } : null;
}

const NEAR = 13.5;
const LIVELY = ["ao vivo", "atrasado"];

/** Whether a vehicle passes the filters; `but` names a filter to ignore, for counting. */
export function matches(vehicle, choice, age, but = "") {
  return (but === "linha" || !choice.linha.length || choice.linha.includes(vehicle.linha))
    && (but === "sentido" || !choice.sentido || (vehicle.sentido_estimado ?? vehicle.sentido) === choice.sentido)
    && (but === "corredor" || !choice.corredor.length || vehicle.corredores?.some((name) => choice.corredor.includes(name)))
    && (but === "status" || !choice.status.length || choice.status.includes(vehicle.status ?? "-"))
    && (but === "idade" || choice.idade.includes(age));
}

export function enter(root, params) {
  const view = new LiveMap(root, params);
  return { update: (next) => view.follow(next), leave: () => view.leave() };
}

class LiveMap {
  constructor(root, params) {
    this.choice = choiceOf(params);
    this.glides = new Glides();
    this.glides.take(live.vehicles.keys());
    this.drawer = new Drawer(this);
    this.mapBox = h("div", { class: "map" });
    this.panel = h("aside", { class: "panel", "aria-label": t("panel.label"), hidden: true });
    root.append(h("h1", { class: "unseen" }, t("nav.mapa")), this.drawer.element, this.mapBox, this.panel);
    this.onVehicles = (event) => { this.glides.take(event.detail); this.refresh(); };
    live.addEventListener("vehicles", this.onVehicles);
    this.onLines = () => { this.refresh(); this.draw(); };
    document.addEventListener("lines", this.onLines);
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.stopTheme = onTheme(() => this.refresh());
    this.slow = setInterval(() => this.refresh(), 10000);
    this.refresh();
    this.openPanel();
    this.open(params);
  }

  async open(params) {
    try {
      const place = this.place();
      const camera = cameraOf(params) ?? (place ? { zoom: NEAR, center: [place.longitude, place.latitude] } : {});
      const stage = await makeStage(this.mapBox, this.glides, camera);
      if (this.left) {
        stage.remove();
        return;
      }
      this.stage = stage;
      // Another link may have been followed while the map was being made.
      const latest = cameraOf(here().params);
      if (latest) stage.jump(latest);
    } catch (error) {
      this.mapBox.append(h("p", { class: "problem" }, t("map.missing", { why: error.message })));
      this.drawer.tab("lista");
      return;
    }
    const { map } = this.stage;
    this.stage.onStreetsLost = () => this.drawer.streetsLost();
    map.on("moveend", () => {
      const { lng, lat } = map.getCenter();
      if (here().view === "mapa") amend({ vista: `${map.getZoom().toFixed(2)}/${lat.toFixed(4)}/${lng.toFixed(4)}` });
    });
    map.on("click", (event) => this.click(event.point));
    addTip(this.mapBox, this.stage, (codigo) => this.words(codigo));
    addZoomButtons(this.mapBox, map);
    this.refresh();
    this.draw();
    this.openPanel();
  }

  click(point) {
    const codigo = this.stage.fleet.pick(point.x, point.y);
    if (codigo) this.set({ onibus: codigo, estacao: null });
    else this.set({ onibus: null, estacao: this.stage.stationAt(point) });
  }

  /** Return the text of the tip over a bus. */
  words(codigo) {
    const { linha, status } = live.vehicles.get(codigo);
    return [linha ?? t("line.none"), codigo, status && t(`status.${status}`)].filter(Boolean).join(" · ");
  }

  key(event) {
    if (event.target.closest?.("input, select, textarea")) return;
    if (event.key === "/") {
      event.preventDefault();
      this.drawer.search();
    } else if (event.key === "Escape" && (this.choice.onibus || this.choice.estacao)) this.set({ onibus: null, estacao: null });
  }

  /** Change filters or selection, and the address with them. */
  set(values) {
    const text = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Array.isArray(value) ? value.join(",") : value]));
    amend(text);
    this.update(here().params);
  }

  /** Show what another link in an open tab asks for, its part of the map too. */
  follow(params) {
    const camera = cameraOf(params);
    this.update(params);
    if (camera) this.stage?.jump(camera);
  }

  update(params) {
    const before = this.choice;
    this.choice = choiceOf(params);
    this.refresh();
    this.draw();
    if (before.onibus !== this.choice.onibus || before.estacao !== this.choice.estacao) this.openPanel();
  }

  /** Draw the routes and layers that are chosen. */
  draw() {
    if (!this.stage) return;
    const vehicle = live.vehicles.get(this.choice.onibus);
    const lines = this.choice.linha.length ? this.choice.linha : vehicle?.linha ? [vehicle.linha] : [];
    this.stage.choose(lines, this.choice.sentido);
    for (const name of ["stations", "garages"]) this.stage.layer(name, !this.choice.ocultar.includes(name));
    this.stage.layer("streets", this.choice.ruas);
  }

  /** Choose which vehicles are shown, and count them in the drawer. */
  refresh() {
    const now = performance.now();
    const items = [];
    this.matching = [];
    for (const vehicle of live.vehicles.values()) {
      const seconds = ageOf(vehicle, now);
      const chosen = vehicle.codigo === this.choice.onibus;
      if (!chosen && !matches(vehicle, this.choice, ageClass(seconds))) continue;
      this.matching.push(vehicle);
      const status = LIVELY.includes(ageClass(seconds)) ? vehicle.status : null;
      const color = this.choice.cor === "linha" ? lineColor(network.lines.get(vehicle.linha)?.cor) : statusColor(status);
      items.push({ codigo: vehicle.codigo, color, label: vehicle.linha, chosen, rank: (chosen ? 1e9 : 0) - seconds });
    }
    items.sort((a, b) => a.rank - b.rank);
    this.stage?.fleet.show(items);
    this.drawer.refresh(now);
    this.panelRefresh?.();
  }

  openPanel() {
    const { onibus, estacao } = this.choice;
    const close = () => this.set({ onibus: null, estacao: null });
    this.panelRefresh = null;
    this.stage?.trail([]);
    this.panel.hidden = !(onibus || estacao);
    const station = network.stations.get(estacao);
    entitle(onibus ? `${t("list.bus")} ${onibus}` : station?.nome ?? (this.choice.linha.length === 1 ? `${t("filter.line")} ${this.choice.linha[0]} · ${t("nav.mapa")}` : t("nav.mapa")));
    if (onibus) this.panelRefresh = vehiclePanel(this.panel, onibus, close, this);
    else if (estacao) this.panelRefresh = stationPanel(this.panel, estacao, close, this);
    else this.panel.replaceChildren();
    const place = this.place();
    this.stage?.here(place === network.stations.get(estacao) ? place : null);
    if (place) this.stage?.reveal(place);
  }

  /** Return the selected bus or station, if it is known. */
  place() {
    return live.vehicles.get(this.choice.onibus) ?? network.stations.get(this.choice.estacao);
  }

  leave() {
    this.left = true;
    live.removeEventListener("vehicles", this.onVehicles);
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("lines", this.onLines);
    this.stopTheme();
    clearInterval(this.slow);
    this.stage?.remove();
  }
}
