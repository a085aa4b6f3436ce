// The station board: what comes next, what passed last. Without a station: search, favourites, the nearest ones.
import { get } from "../api.js";
import { entitle, fill, h, icon } from "../dom.js";
import { basisWords, forecastsAt, isByPlan, minutesOf, minutesWords, scoreWords, silentAfter } from "../forecasts.js";
import { age, clock, distance, headwayWords } from "../format.js";
import { t } from "../i18n.js";
import { ageOf, live } from "../live.js";
import { destination, limits, network } from "../network.js";
import { address, here } from "../route.js";
import { remember, remembered } from "../settings.js";
import { secondsSince } from "../stops.js";
import { lineBadge, toward } from "./badge.js";
import { exportBar, tableSvg } from "./save.js";
import { applyScreen, leaveScreen, screenButton } from "./screen.js";

const ASK_EVERY = 20000;
const TURN_EVERY = 10000;
const ROWS = 3;

const favourites = () => (remembered("favourites") ?? "").split(",").filter((id) => network.stations.has(id));
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export function enter(root) {
  const page = h("div", { class: "page station" });
  root.append(page);
  let view = null;
  const open = () => {
    view?.leave();
    applyScreen();
    const id = here().params.get("id");
    fill(page);
    view = id ? new Board(page, id) : new Chooser(page);
  };
  open();
  return { update: open, leave: () => { view.leave(); leaveScreen(); } };
}

class Chooser {
  constructor(page) {
    this.list = h("ul", { class: "stations" });
    this.note = h("p", { class: "muted small", role: "status" });
    const input = h("input", { class: "field wide", type: "search", id: "station-find", placeholder: t("stop.find"), "aria-label": t("stop.find"), oninput: () => this.show(input.value) });
    page.append(h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("stop.choose"))), nearButton(this.note)), input, this.note,
      h("h2", { class: "label" }, t("stop.favourites")), favourites().length ? h("ul", { class: "stations" }, favourites().map(item)) : h("p", { class: "muted small" }, t("stop.favourites.none")),
      h("h2", { class: "label" }, t("stop.all")), this.list);
    this.show("");
  }

  show(words) {
    const wanted = plain(words.trim());
    const found = [...network.stations.values()].filter((station) => plain(station.nome).includes(wanted))
      .sort((a, b) => (b.tipo === "terminal") - (a.tipo === "terminal") || a.nome.localeCompare(b.nome, "pt"));
    fill(this.list, found.map((station) => item(station.estacao_id)));
  }

  leave() {}
}

function item(id) {
  const station = network.stations.get(id);
  return h("li", {}, h("a", { href: address("estacao", { id }) }, station.nome), h("span", { class: "muted small" }, (station.corredores ?? []).join(" · ")));
}

/** Return the button that opens the nearest station; the position stays in the browser. */
function nearButton(note) {
  return h("button", { class: "button", type: "button", onclick: () => {
    const fails = () => { note.textContent = t("stop.near.fails"); };
    if (!navigator.geolocation) return fails();
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const away = (station) => Math.hypot((station.longitude - coords.longitude) * 0.92, station.latitude - coords.latitude);
      const [nearest] = [...network.stations.values()].sort((a, b) => away(a) - away(b));
      location.hash = address("estacao", { id: nearest.estacao_id });
    }, fails, { timeout: 10000 });
  } }, icon("aim"), h("span", {}, t("stop.near")));
}

class Board {
  constructor(page, id) {
    this.id = id;
    this.station = network.stations.get(id);
    const name = this.station?.nome ?? id;
    entitle(name);
    if (!this.station) {
      page.append(h("h1", {}, t("stop.title")), h("p", { class: "problem" }, t("stop.unknown", { id })), h("p", {}, h("a", { href: "#/estacao" }, t("stop.choose"))));
      this.left = true;
      return;
    }
    this.body = h("div", { class: "directions" }, h("p", { class: "loading" }, t("loading")));
    this.asOf = h("p", { class: "muted small", role: "status" });
    this.note = h("p", { class: "muted small", role: "status" });
    this.score = h("b", {});
    this.forecasts = new Map();
    this.now = null;
    this.plan = h("span", {});
    this.star = h("button", { class: "button icon star", type: "button", onclick: () => this.toggle() });
    this.drawStar();
    page.append(h("div", { class: "page-head" },
      h("div", {}, h("h1", {}, name, " ", this.star), h("p", { class: "lede" }, [t(`station.${this.station.tipo}`), ...(this.station.corredores ?? [])].join(" · "))),
      h("div", { class: "controls" }, nearButton(this.note), h("a", { class: "button", href: address("mapa", { estacao: id }) }, icon("map"), t("diagram.map")), h("a", { class: "button", href: "#/estacao" }, t("stop.all")), screenButton())),
      this.asOf, this.note, this.body, h("p", { class: "muted small note" }, t("stop.foot"), " ", this.plan, " ", this.score, " ", h("a", { href: address("acerto") }, t("stop.score.more")), "."),
      exportBar({ drawing: () => this.table(), about: () => this.about(), rows: () => this.csv(), name: () => `brt-${id}-${clock(live.generated).replace(":", "h")}` }));
    this.onVehicles = () => this.load();
    live.addEventListener("vehicles", this.onVehicles);
    this.onLines = () => this.draw();
    document.addEventListener("lines", this.onLines);
    this.load();
    this.timer = setInterval(() => this.load(), ASK_EVERY);
    this.second = setInterval(() => this.age(), 1000);
    this.turn = setInterval(() => this.rotate(), TURN_EVERY);
  }

  toggle() {
    const list = favourites();
    remember("favourites", (list.includes(this.id) ? list.filter((id) => id !== this.id) : [...list, this.id]).join(",") || null);
    this.drawStar();
  }

  drawStar() {
    const on = favourites().includes(this.id);
    fill(this.star, on ? "★" : "☆");
    this.star.setAttribute("aria-pressed", String(on));
    this.star.setAttribute("aria-label", t(on ? "stop.unstar" : "stop.star"));
    this.star.title = t(on ? "stop.unstar" : "stop.star");
  }

  async load() {
    try {
      // The score comes from the database, which may be slow or away; nobody waits for it.
      scoreWords(this.id).then((words) => { this.score.textContent = words; });
      [this.forecasts, this.now] = await Promise.all([forecastsAt(this.id), get(`stations/${encodeURIComponent(this.id)}`)]);
      this.draw();
    } catch (error) {
      if (!this.left) fill(this.body, h("p", { class: "problem" }, error.message));
    }
  }

  age() {
    this.asOf.textContent = live.generated ? t("asof", { time: clock(live.generated, true), age: age(live.quietFor) }) : t("asof.none");
  }

  /** Return the rows of the board by destination: the buses on the way, and the last one of each line. Before lines have names each is alone. */
  groups() {
    const groups = new Map();
    for (const line of this.now?.linhas ?? []) {
      const end = line.ponta === "fim" ? t("stop.ends") : destination(line.linha, line.sentido) ? toward(line.linha, line.sentido) : `${line.linha} · ${t(`direction.${line.sentido}`)}`;
      const group = groups.get(end) ?? { end, last: line.ponta === "fim", buses: [], lines: [] };
      group.lines.push(line);
      const first = line.ponta === "inicio";
      const coming = this.now.a_caminho.filter((one) => one.linha === line.linha && one.sentido === line.sentido && one.espera === first);
      for (const { codigo, falta_m: away } of coming) {
        const bus = live.vehicles.get(codigo);
        if (bus) group.buses.push({ bus, away, age: ageOf(bus), line, waiting: first, minutes: first ? null : this.minutes(bus, line) });
      }
      groups.set(end, group);
    }
    const order = (row) => (row.minutes ? row.minutes.low + row.minutes.high : 1e4 + row.away / 100);
    for (const group of groups.values()) group.buses.sort((a, b) => order(a) - order(b));
    return [...groups.values()].sort((a, b) => a.last - b.last || b.buses.length - a.buses.length);
  }

  minutes(bus, { linha, sentido }) {
    return minutesOf(this.forecasts.get(`${bus.codigo} ${linha} ${sentido}`), ageOf(bus));
  }

  draw() {
    if (this.left || !this.now) return;
    this.age();
    if (this.body.contains(document.activeElement) && document.activeElement.tagName === "A") return;
    const groups = this.groups();
    this.plan.textContent = groups.some(({ buses }) => buses.slice(0, ROWS).some(({ minutes }) => minutes && isByPlan(minutes))) ? t("stop.foot.plan") : "";
    fill(this.body, groups.length ? groups.map((group) => this.card(group)) : h("p", { class: "muted" }, t("stop.nolines")),
      groups.length > 0 && !groups.some(({ lines }) => lines.some((line) => line.intervalo_previsto_segundos)) && h("p", { class: "muted small" }, t("plan.kind")));
    this.rotate(0);
  }

  card({ end, buses, lines }) {
    return h("section", { class: "direction" }, h("h2", {}, end),
      buses.length ? h("ol", { class: "coming" }, buses.slice(0, ROWS).map((row) => this.row(row))) : h("p", { class: "muted" }, t(lines.every(({ ponta }) => ponta === "inicio") ? "stop.none.leaving" : "stop.none")),
      h("ul", { class: "last small muted" }, lines.map((line) => h("li", {}, lastWords(this.now.passagens, line)))));
  }

  row({ bus, away, age: seconds, line, minutes, waiting }) {
    const big = waiting ? t("stop.waiting") : minutes ? minutesWords(minutes) : seconds > silentAfter() ? t("stop.silent", { age: age(seconds) }) : t("stop.noestimate");
    const small = [waiting ? null : t("stop.away", { distance: distance(away) }), t("stop.signal", { age: age(seconds) })].filter(Boolean).join(" · ");
    const why = minutes && (isByPlan(minutes) ? t("stop.byplan") : basisWords(minutes));
    const basis = why ? h("span", { class: "basis" }, ` · ${why}`) : null;
    return h("li", { class: seconds > limits().previsao_duvida_segundos ? "old" : null },
      h("a", { href: address("mapa", { onibus: bus.codigo }), class: "plain" }, lineBadge(line.linha, "large"),
        h("span", { class: "what" }, h("b", {}, kindWords(line), h("span", { class: "muted" }, bus.codigo)), h("small", {}, small, basis)),
        h("strong", { class: minutes ? "minutes" : "minutes words" }, big)));
  }

  /** On the wall display the cards take turns where they do not fit. */
  rotate(step = 1) {
    const cards = [...this.body.querySelectorAll(".direction")];
    const on = document.body.classList.contains("screen");
    this.shown = ((this.shown ?? 0) + step) % Math.max(1, cards.length);
    cards.forEach((card, i) => { card.hidden = on && cards.length > 2 && i !== this.shown && i !== (this.shown + 1) % cards.length; });
  }

  csv() {
    return this.groups().flatMap(({ end, buses }) => buses.map(({ bus, away, age: seconds, minutes, line }) => ({
      consulta: new Date(live.generated).toISOString(), estacao: this.id, sentido: end, linha: line.linha, onibus: bus.codigo, metros: Math.round(away), sinal_ha_s: Math.round(seconds), minutos_min: minutes?.low, minutos_max: minutes?.high,
    })));
  }

  table() {
    const heads = ["stop.caption", "list.bus", "stop.minutes", "stop.distance", "list.age"].map((key) => t(key, { name: "" }));
    return tableSvg([t("station.toward"), ...heads.slice(1)], this.groups().flatMap(({ buses }) => buses.slice(0, ROWS).map(({ bus, away, age: seconds, minutes, line, waiting }) =>
      [`${line.linha} · ${toward(line.linha, line.sentido)}`, bus.codigo, minutes ? minutesWords(minutes) : t(waiting ? "stop.waiting" : "stop.noestimate"), distance(away), age(seconds)])));
  }

  about() {
    return { title: t("stop.caption", { name: this.station.nome }), subtitle: t("asof", { time: clock(live.generated, true), age: age(live.quietFor) }), coverage: "" };
  }

  leave() {
    this.left = true;
    live.removeEventListener("vehicles", this.onVehicles);
    document.removeEventListener("lines", this.onLines);
    for (const timer of [this.timer, this.second, this.turn]) clearInterval(timer);
  }
}

/** Return whether a line stops everywhere or is an express, "" where the network does not say. */
function kindWords({ linha }) {
  const kind = network.lines.get(linha)?.servico;
  return kind ? `${t(`service.${kind}`)} ` : "";
}

/** Return when the last bus of a line passed, left or arrived, beside the plan; after a hole in the capture another may have followed. */
function lastWords(passages, { linha, sentido, ponta, intervalo_previsto_segundos: planned, segundos_sem_passar: seconds, flag_lacuna: gap }) {
  const passes = passages.filter((pass) => pass.linha === linha && pass.sentido === sentido);
  const last = passes.sort((a, b) => Date.parse(b.datahora) - Date.parse(a.datahora))[0];
  const plan = planned && ` · ${t("stop.plan", { age: headwayWords(planned) })}`;
  if (!last) return [t("stop.nolast", { line: linha }), plan];
  const since = secondsSince(last.datahora);
  const words = t(ponta === "inicio" ? "stop.left" : ponta === "fim" ? "stop.came" : "stop.last", { line: linha, time: clock(last.datahora), age: age(since), bus: last.codigo });
  const state = gap === null ? null : gap ? h("b", { class: "poor" }, `, ${t("stop.over")}`) : `, ${t("stop.normal")}`;
  return [words, seconds === null ? ` · ${t("stop.hole")}` : null, plan, state];
}
